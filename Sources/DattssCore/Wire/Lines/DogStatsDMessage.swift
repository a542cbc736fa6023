/// What DogStatsD sends besides samples; it becomes marks.
///
///     _e{5,4}:title|text|d:1656581400|h:host|p:low|t:warning|#tag       an event: lengths of title and text, in bytes
///     _sc|redis.up|2|d:1656581400|h:host|#tag|m:no answer                a service check: its name and a status from 0 to 3
///
/// (https://docs.datadoghq.com/developers/dogstatsd/datagram_shell. Fields that are not known are passed over.)
public enum DogStatsDMessage {
    case event(DogStatsDEvent)
    case serviceCheck(DogStatsDServiceCheck)

    /// nil when `line` is none.
    /// - Throws: ``DatagramError/badEvent`` and ``DatagramError/badServiceCheck``.
    init?(_ line: DatagramLine.Bytes) throws(DatagramError) {
        if line.starts(with: "_e{".utf8) {
            guard let event = DogStatsDEvent(line.part(3, line.count)) else { throw .badEvent }
            self = .event(event)
        } else if line.starts(with: "_sc|".utf8) {
            guard let check = DogStatsDServiceCheck(line.part(4, line.count)) else { throw .badServiceCheck }
            self = .serviceCheck(check)
        } else {
            return nil
        }
    }
}

/// An event, whose bytes are those of its line.
public struct DogStatsDEvent {
    /// What happened; at least a byte.
    public let title: DatagramLine.Bytes
    /// More about it; may be empty.
    public let text: DatagramLine.Bytes
    /// What stands behind it.
    public let fields: DogStatsDFields

    /// - Parameter bytes: `5,4}:title|text|…`.
    init?(_ bytes: DatagramLine.Bytes) {
        guard let brace = bytes.position(of: UInt8(ascii: "}")), brace + 1 < bytes.count, bytes[brace + 1] == UInt8(ascii: ":"),
            let comma = bytes.part(0, brace).position(of: UInt8(ascii: ",")),
            let titleBytes = Self.length(bytes.part(0, comma)), let textBytes = Self.length(bytes.part(comma + 1, brace)),
            titleBytes > 0
        else { return nil }
        let content = bytes.part(brace + 2, bytes.count)
        guard titleBytes < content.count, content[titleBytes] == UInt8(ascii: "|"), textBytes <= content.count - titleBytes - 1
        else { return nil }
        let rest = content.part(titleBytes + 1 + textBytes, content.count).trimmedLineEnd
        guard rest.isEmpty || rest[0] == UInt8(ascii: "|") else { return nil }
        title = content.part(0, titleBytes)
        text = content.part(titleBytes + 1, titleBytes + 1 + textBytes)
        fields = DogStatsDFields(rest)
    }

    private static func length(_ digits: DatagramLine.Bytes) -> Int? {
        // More digits than any datagram has bytes.
        guard 1...6 ~= digits.count, digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }

    /// The mark that it becomes, with the title without its first bytes, which are a key; nil when nothing is left of it.
    public func mark(behind keyBytes: Int, receivedAt now: Timestamp) -> Mark? {
        var words = String(decoding: title[keyBytes...], as: UTF8.self)
        if !text.isEmpty { words += ": " + String(decoding: text, as: UTF8.self) }
        // A line has no line feeds, so they are written in two bytes.
        return Mark(at: fields.time(receivedAt: now), text: words.replacing("\\n", with: "\n"), tags: fields.tags, source: .event)
    }
}

/// A service check, whose bytes are those of its line.
public struct DogStatsDServiceCheck {
    /// What was checked; at least a byte.
    public let name: DatagramLine.Bytes
    /// 0 is good, 1 a warning, 2 critical, 3 unknown.
    public let status: UInt8
    /// What stands behind it.
    public let fields: DogStatsDFields

    /// - Parameter bytes: `redis.up|2|…`.
    init?(_ bytes: DatagramLine.Bytes) {
        guard let bar = bytes.position(of: UInt8(ascii: "|")), bar > 0 else { return nil }
        let end = bytes.position(of: UInt8(ascii: "|"), from: bar + 1) ?? bytes.count
        let digits = bytes.part(bar + 1, end).trimmedLineEnd
        guard digits.count == 1, UInt8(ascii: "0")...UInt8(ascii: "3") ~= digits[0] else { return nil }
        name = bytes.part(0, bar)
        status = digits[0] - UInt8(ascii: "0")
        fields = DogStatsDFields(bytes.part(end, bytes.count))
    }

    private static let words = ["ok", "a warning", "critical", "unknown"]

    /// The mark that it becomes if its status is another one than before; nil when the name says nothing.
    public func mark(behind keyBytes: Int, receivedAt now: Timestamp) -> Mark? {
        let name = String(decoding: name[keyBytes...], as: UTF8.self)
        guard name.contains(where: { !$0.isWhitespace }) else { return nil }
        let message = fields.message.map { ": " + $0.replacing("\\n", with: "\n") } ?? ""
        return Mark(
            at: fields.time(receivedAt: now), text: "\(name) is \(Self.words[Int(status)])\(message)", tags: fields.tags,
            source: .check)
    }
}

/// What stands behind an event or a service check: `|d:1656581400|h:host|t:warning|#a,b|m:words`.
public struct DogStatsDFields {
    private let bytes: DatagramLine.Bytes

    init(_ bytes: DatagramLine.Bytes) { self.bytes = bytes }

    /// The first field with these letters in front of it, without them.
    private func field(_ letters: StaticString) -> String? {
        var found: String?
        bytes.forEachPart(separatedBy: UInt8(ascii: "|")) { part in
            guard found == nil, part.count > letters.utf8CodeUnitCount,
                letters.withUTF8Buffer({ part.starts(with: $0) })
            else { return }
            found = String(decoding: part[letters.utf8CodeUnitCount...], as: UTF8.self)
        }
        return found
    }

    var message: String? { field("m:") }

    /// When it happened: as it says, unless that can't be, or else when it came.
    func time(receivedAt now: Timestamp) -> Timestamp {
        guard let text = field("d:"), let seconds = Int64(text), 0..<100_000_000_000 ~= seconds else { return now }
        let sent = Timestamp(seconds: seconds)
        return Mark.times(at: now).contains(sent) ? sent : now
    }

    /// The tags, and behind them the host and what kind of event it is, where that says something.
    var tags: [String] {
        var tags = field("#").map { $0.split(separator: ",").map(String.init) } ?? []
        if let host = field("h:") { tags.append("host:" + host) }
        if let type = field("t:"), type != "info" { tags.append("type:" + type) }
        return tags
    }
}
