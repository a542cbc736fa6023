import DattssCore

/// The parameters of a plot's address while they are read.
struct PlotParameters {
    var queries: [PlotQuestion] = []
    var draw = "lines"
    var vs = ""
    private var isRatio = false
    private var (from, to) = (Int64?.none, Int64?.none)
    private var seen: Set<String> = []

    private static let names = ["v", "q", "range", "from", "to", "tz", "step", "draw", "vs", "ratio", "title"]
    private static let ranges = ["15m", "1h", "3h", "1d", "7d", "30d", "365d"]
    private static let steps = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080]
    private static let shortestSeconds: Int64 = 5 * 60
    private static let longestSeconds: Int64 = 400 * 86_400

    mutating func take(_ name: String, _ value: String, _ isZone: (String) -> Bool) throws(QueryError) {
        guard Self.names.contains(name) else {
            throw Self.refused("'\(name.prefix(20))' is not known; expected \(Self.names.joined(separator: ", "))")
        }
        guard seen.insert(name).inserted || name == "q" else { throw Self.refused("\(name): is there twice") }
        switch name {
        case "v": try Self.expect(name, value, ["1"])
        case "q":
            guard queries.count < PlotAddress.queriesMax else {
                throw Self.refused("q: there are more than \(PlotAddress.queriesMax)")
            }
            queries.append(try PlotQueryText.read(value))
        case "range": try Self.expect(name, value, Self.ranges)
        case "from": from = try Self.time(name, value)
        case "to": to = try Self.time(name, value)
        case "tz":
            guard isZone(value) else { throw Self.refused("tz: '\(value.prefix(40))' is no time zone, such as Europe/Paris") }
        case "step": try Self.expect(name, value, Self.steps.map(String.init))
        case "draw":
            try Self.expect(name, value, ["lines", "stacked", "heatmap"])
            draw = value
        case "vs":
            try Self.expect(name, value, ["day", "week", "usual"])
            vs = value
        case "ratio":
            try Self.expect(name, value, ["1"])
            isRatio = true
        default:
            guard value.utf16.count <= PlotAddress.titleMax else {
                throw Self.refused("title: is longer than \(PlotAddress.titleMax) characters")
            }
        }
    }

    /// Whether all of them go together.
    mutating func check() throws(QueryError) {
        if let from, let to {
            guard !seen.contains("range") else { throw Self.refused("range: cannot be together with from and to") }
            guard to - from >= Self.shortestSeconds else {
                throw Self.refused("from, to: expected 5 minutes at least between them")
            }
            guard to - from <= Self.longestSeconds else { throw Self.refused("from, to: expected 400 days at most between them") }
        } else if from != nil || to != nil {
            throw Self.refused("from, to: one is there without the other")
        }
        guard !isRatio || queries.count == 2 else { throw Self.refused("ratio: is of two, there are \(queries.count)") }
        guard draw != "heatmap" || (queries.count == 1 && queries[0].kind == .timer) else {
            throw Self.refused("draw: a heatmap is of one pattern of timers (ms:…)")
        }
        // A ratio is compared with nothing.
        if isRatio { vs = "" }
    }

    private static func expect(_ name: String, _ value: String, _ expected: [String]) throws(QueryError) {
        guard expected.contains(value) else {
            let one = expected.count == 1 ? "" : "one of "
            throw refused("\(name): is '\(value.prefix(20))', expected \(one)\(expected.joined(separator: ", "))")
        }
    }

    /// Epoch seconds of `2026-11-29T10:00Z`.
    private static func time(_ name: String, _ text: String) throws(QueryError) -> Int64 {
        let bytes = Array(text.utf8)
        guard bytes.count == 17, bytes[10] == UInt8(ascii: "T"), bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: "Z"),
            let date = CalendarDate(String(decoding: bytes[..<10], as: UTF8.self)),
            let hour = number(bytes[11..<13]), let minute = number(bytes[14..<16]), hour < 24, minute < 60
        else {
            throw refused("\(name): is '\(text.prefix(40))', expected a time in UTC such as 2026-11-29T10:00Z")
        }
        return date.dayNumber * 86_400 + hour * 3600 + minute * 60
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int64(String(decoding: digits, as: UTF8.self))
    }

    static func refused(_ message: String) -> QueryError { QueryError(.malformed, message) }
}

/// One query of a plot's address: `c:shop.pages.*;sum;fold=sum;by=n2;top=5;right`.
enum PlotQueryText {
    private static let counting = ["per-minute", "per-second", "sum", "count", "average", "min", "max"]
    /// The first is what is meant when nothing is said.
    private static let figures: [Kind: [String]] = [
        .counter: counting, .gauge: ["average", "min", "max", "sum", "count"],
        .timer: [
            "p95", "p50", "p75", "p90", "p99", "p99.9", "average", "min", "max", "count", "per-minute", "per-second", "sum",
        ],
    ]
    private static let patternBytesMax = 255

    static func read(_ text: String) throws(QueryError) -> PlotQuestion {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false)
        let what = parts[0].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard what.count == 2, let kind = Kind(symbol: String(what[0])), let figures = figures[kind],
            1...patternBytesMax ~= what[1].utf8.count
        else {
            throw PlotParameters.refused(
                "q: is '\(parts[0].prefix(60))', expected a kind and a pattern, such as c:shop.orders or ms:shop.**")
        }
        guard what[1].utf8.allSatisfy(isOfPattern) else {
            throw PlotParameters.refused("q: the pattern '\(what[1].prefix(60))' has a character that no name and no pattern has")
        }
        let pattern = try PathPattern(String(what[1]))
        var (figure, fold, component, top) = (figures[0], PlotQuestion.Fold.none, String?.none, Int?.none)
        for option in parts.dropFirst() {
            let pair = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let value = pair.count > 1 ? pair[1] : ""
            switch pair[0] {
            case let name where pair.count == 1 && figures.contains(name): figure = name
            case "right" where pair.count == 1: break
            case "fold" where PlotQuestion.Fold(rawValue: value) != nil: fold = PlotQuestion.Fold(rawValue: value) ?? .none
            case "by" where isComponent(value): component = value
            case "top" where value.utf8.count <= 3 && (1...PlotAddress.topMax).contains(Int(value) ?? 0): top = Int(value)
            default:
                throw PlotParameters.refused(
                    "q: '\(option.prefix(40))' is no option of \(parts[0]); expected one of \(figures.joined(separator: ", ")); or "
                        + "fold= and one of none, merge, sum, mean, min, max; or by=n0, top=1 to \(PlotAddress.topMax), right")
            }
        }
        guard let known = Figure(figure) else { throw PlotParameters.refused("q: '\(figure)' is no figure") }
        return try PlotQuestion(kind, pattern, known, fold: fold, component: component, top: top ?? PlotAddress.linesMax)
    }

    private static func isOfPattern(_ byte: UInt8) -> Bool {
        isLetter(byte) || isDigit(byte) || "_.:!*?{},[]-".utf8.contains(byte)
    }

    /// `n1`, or the key of a tag.
    private static func isComponent(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 61 else { return false }
        let isName = { (byte: UInt8) in isLetter(byte) || byte == UInt8(ascii: "_") }
        return isName(first) && text.utf8.allSatisfy { isName($0) || isDigit($0) }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5a).contains(byte & 0xdf) }
    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
