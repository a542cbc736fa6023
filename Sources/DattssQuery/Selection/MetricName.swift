public import DattssCore

/// What a statistic is called in the label model: a metric's name, and the tags as labels. The way back is exact.
///
///     path                                kind      metric             labels
///     routes.get_user                     gauge     routes:get_user
///     orders.paid                         counter   orders:paid_total
///     hits.env:prod.host:web1.example.com counter   hits_total         env="prod", host="web1.example.com"
///     GET_-users                          timer     GET__x2d_users_ms_count, _ms_sum, _ms_min, _ms_max; _ms and _ms_bucket
///
/// - A part of a path `key:value`, from the first on, is a tag; what follows until the next belongs to its value. That is how tags of
///   DogStatsD and attributes of OpenTelemetry are kept. Where the keys are not the names of labels in sorted order, each once, the whole
///   path is the name.
/// - `.` becomes `:`. Every other byte that no name may have becomes `_xHH_`, and so do an underscore that would otherwise begin such an
///   escape, and the first letter of a gauge's own ending that would say another kind.
public struct MetricName: Sendable, Hashable {
    /// The path as far as the tags.
    public var base: String
    /// The tags, sorted by their keys.
    public var tags: [Label]
    /// Which of a statistic's series it is.
    public var field: MetricField

    /// The names of a statistic's series.
    public init(_ key: StatisticKey, _ field: MetricField) {
        let (base, tags) = Self.parts(of: key.path)
        (self.base, self.tags, self.field) = (base, tags, field)
    }

    /// The name as a metric has it, with the ending that tells the field.
    public var metric: String { Self.escaped(base, field) + field.ending }

    /// All labels, with the name among them.
    public var labels: Labels { Labels([Label(Labels.nameLabel, metric)] + tags) }

    /// The statistic.
    public var key: StatisticKey { StatisticKey(field.kind, Self.path(base, tags)) }

    /// What a metric's name says; nil for a name that no statistic has.
    public static func parse(_ metric: String) -> (base: String, field: MetricField)? {
        let ending = ending(of: metric) ?? ""
        let field = MetricField.allCases.first { $0.ending == ending } ?? .gauge
        let escaped = metric.dropLast(field.ending.count)
        let base = unescaped(escaped.utf8)
        guard !base.isEmpty, self.escaped(base, field) == escaped, Name.isValidPath(base.utf8) else { return nil }
        return (base, field)
    }

    /// The components of a path that are no tags, counted from 0; nil where there is none.
    public static func component(_ index: Int, ofBase base: String) -> String? {
        let parts = base.split(separator: ".", omittingEmptySubsequences: false)
        return parts.indices.contains(index) ? String(parts[index]) : nil
    }

    // MARK: Tags

    static func parts(of path: String) -> (base: String, tags: [Label]) {
        let whole = (base: path, tags: [Label]())
        guard path.utf8.contains(UInt8(ascii: ":")) else { return whole }
        let components = path.split(separator: ".", omittingEmptySubsequences: false)
        guard let start = components.dropFirst().firstIndex(where: { key(ofTag: $0) != nil }) else { return whole }
        var tags: [Label] = []
        for component in components[start...] {
            if let key = key(ofTag: component) {
                tags.append(Label(String(key), String(component.dropFirst(key.count + 1))))
            } else {
                tags[tags.count - 1].value += "." + component
            }
        }
        let base = components[..<start].joined(separator: ".")
        // As it would be put together again.
        let isSorted = zip(tags, tags.dropFirst()).allSatisfy { $0.name < $1.name }
        guard isSorted, !base.isEmpty, tags.allSatisfy({ !$0.value.isEmpty }), Self.path(base, tags) == path else { return whole }
        return (base, tags)
    }

    private static func path(_ base: String, _ tags: [Label]) -> String {
        base + tags.map { ".\($0.name):\($0.value)" }.joined()
    }

    private static func key(ofTag component: Substring) -> Substring? {
        guard let colon = component.firstIndex(of: ":"), component.index(after: colon) < component.endIndex else { return nil }
        let key = component[..<colon]
        guard let first = key.utf8.first, first == UInt8(ascii: "_") || isLetter(first), !key.hasPrefix("__"),
            key.utf8.allSatisfy({ isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") }), key != "le", key != "quantile"
        else { return nil }
        return key
    }

    // MARK: Escapes

    private static func escaped(_ base: String, _ field: MetricField) -> String {
        let bytes = Array(base.utf8)
        var escaped: [UInt8] = []
        for (position, byte) in bytes.enumerated() {
            let startsEscape = byte == UInt8(ascii: "_") && isEscape(bytes[(position + 1)...].prefix(3))
            if startsEscape || (position == 0 && isDigit(byte)) || !isPlain(byte) {
                escaped += escape(byte)
            } else {
                escaped.append(byte == UInt8(ascii: ".") ? UInt8(ascii: ":") : byte)
            }
        }
        // An ending that would say another field, be its underscore the path's own or an escape's.
        if field == .gauge, let ending = ending(of: String(decoding: escaped, as: UTF8.self)) {
            let letter = escaped.count - ending.utf8.count + 1
            escaped.replaceSubrange(letter...letter, with: escape(escaped[letter]))
        }
        return String(decoding: escaped, as: UTF8.self)
    }

    private static func escape(_ byte: UInt8) -> [UInt8] {
        Array("_x".utf8) + [hex(byte >> 4), hex(byte & 15), UInt8(ascii: "_")]
    }

    /// The longest ending of a field that a name has.
    private static func ending(of name: String) -> String? {
        MetricField.allCases.map(\.ending).filter { !$0.isEmpty && name.hasSuffix($0) }.max { $0.utf8.count < $1.utf8.count }
    }

    private static func unescaped(_ text: some Collection<UInt8>) -> String {
        let bytes = Array(text)
        var (base, position): ([UInt8], Int) = ([], 0)
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "_"), position + 4 < bytes.count, bytes[position + 4] == UInt8(ascii: "_"),
                isEscape(bytes[(position + 1)...].prefix(3)), let high = digit(bytes[position + 2]),
                let low = digit(bytes[position + 3])
            {
                base.append(high << 4 | low)
                position += 5
            } else {
                base.append(bytes[position] == UInt8(ascii: ":") ? UInt8(ascii: ".") : bytes[position])
                position += 1
            }
        }
        return String(decoding: base, as: UTF8.self)
    }

    /// `xHH`
    private static func isEscape(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.count == 3 && bytes.first == UInt8(ascii: "x") && bytes.dropFirst().allSatisfy { digit($0) != nil }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
    }

    private static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

    private static func hex(_ value: UInt8) -> UInt8 { value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10 }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}

/// What can be asked of a statistic: one number for each instant, or its distribution.
public enum MetricField: Sendable, Hashable, CaseIterable {
    /// A gauge's value.
    case gauge
    /// A counter's running total.
    case total
    /// How many samples a timer had, as a running total.
    case timerCount
    /// The sum of a timer's samples in milliseconds, as a running total.
    case timerSum
    /// The smallest sample of a timer's minute.
    case timerMin
    /// The largest sample of a timer's minute.
    case timerMax
    /// A timer's distribution, as a running histogram.
    case distribution
    /// The same under the name that classic histograms have.
    case bucket

    /// What the metric's name ends with.
    public var ending: String {
        switch self {
        case .gauge: ""
        case .total: "_total"
        case .timerCount: "_ms_count"
        case .timerSum: "_ms_sum"
        case .timerMin: "_ms_min"
        case .timerMax: "_ms_max"
        case .distribution: "_ms"
        case .bucket: "_ms_bucket"
        }
    }

    /// Which statistics have it.
    public var kind: Kind {
        switch self {
        case .gauge: .gauge
        case .total: .counter
        default: .timer
        }
    }

    /// Whether it is a distribution and not a number.
    public var isDistribution: Bool { self == .distribution || self == .bucket }

    /// Whether it grows with what was counted, so that only differences tell something.
    public var isRunning: Bool { self == .total || self == .timerCount || self == .timerSum }

    /// The fields of a kind.
    public static func of(_ kind: Kind) -> [MetricField] { allCases.filter { $0.kind == kind } }
}
