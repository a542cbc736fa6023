public import DattssCore

/// What a plot shows, as its address says it: the same as `exploreaddress.js` reads, for whoever keeps such addresses and answers what
/// they ask.
///
///     v=1&q=c:shop.pages.*;fold=sum;by=n2;top=5&q=ms:shop.checkout.time;p99;right&range=3h&tz=Europe/Paris&draw=stacked&vs=week
///
/// What is wrong is said by the name of the parameter, and nothing is guessed. `Fixtures/boards/addresses.json` holds addresses that both
/// readers have to take or to refuse.
public struct PlotAddress: Sendable, Hashable {
    /// What is asked for its lines, in their order: at least one question. Those of a heatmap are the percentiles drawn over it.
    public private(set) var questions: [PlotQuestion] = []
    /// The pattern of the timers of a heatmap; nil for lines.
    public private(set) var heatmap: PathPattern?
    /// How many days before the same questions are asked, to compare with.
    public private(set) var daysBefore: [Int64] = []
    /// What is said of each line's statistics: those that are named and no pattern.
    public private(set) var keys: Set<StatisticKey> = []

    /// The longest address, in bytes.
    public static let bytesMax = 4096
    /// The most queries of one plot.
    public static let queriesMax = 8
    /// So many of the highest lines are shown where nothing else is said.
    public static let linesMax = 40
    static let titleMax = 120
    static let topMax = 100

    /// - Parameters:
    ///   - text: what stands behind `#explore?`.
    ///   - isZone: whether a time zone has such a name.
    /// - Throws: ``QueryError`` that names the parameter, what it is and what was expected.
    public init(_ text: String, isZone: (String) -> Bool) throws(QueryError) {
        guard text.utf8.count <= Self.bytesMax else {
            throw QueryError(.malformed, "has \(text.utf8.count) bytes, expected at most \(Self.bytesMax)")
        }
        var parameters = PlotParameters()
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = try Self.decoded(parts[0])
            let value = parts.count > 1 ? try Self.decoded(parts[1]) : ""
            try parameters.take(name, value, isZone)
        }
        try parameters.check()
        guard !parameters.queries.isEmpty else { throw QueryError(.malformed, "q: is missing") }
        if parameters.draw == "heatmap" {
            heatmap = parameters.queries[0].pattern
            for percent in [50.0, 95, 99] {
                questions.append(try PlotQuestion(.timer, parameters.queries[0].pattern, .quantile(percent / 100), fold: .merge))
            }
        } else {
            questions = parameters.queries
            daysBefore = ["day": [1], "week": [7], "usual": [1, 2, 3, 4, 5, 6, 7]][parameters.vs] ?? []
        }
        for query in parameters.queries where !query.pattern.text.contains(where: { "*?{[".contains($0) }) {
            keys.insert(StatisticKey(query.kind, query.pattern.text))
        }
    }

    /// With its escapes resolved, and a plus as a blank.
    private static func decoded(_ text: Substring) throws(QueryError) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else { return String(text) }
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "+") {
                bytes.append(UInt8(ascii: " "))
            } else if byte != UInt8(ascii: "%") {
                bytes.append(byte)
            } else {
                let digits = rest.prefix(2).compactMap { Character(UnicodeScalar($0)).hexDigitValue }
                guard digits.count == 2 else { throw QueryError(.malformed, "has a % that two hexadecimal digits do not follow") }
                bytes.append(UInt8(digits[0] * 16 + digits[1]))
                rest = rest.dropFirst(2)
            }
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            throw QueryError(.malformed, "has escapes that are no UTF-8")
        }
        return decoded
    }
}
