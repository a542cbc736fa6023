/// What DogStatsD sends besides samples. It is checked and counted; nothing is kept of it yet.
///
///     _e{5,4}:title|text|d:1656581400|h:host|p:low|t:warning|#tag       an event: lengths of title and text, in bytes
///     _sc|redis.up|2|d:1656581400|h:host|#tag|m:no answer                a service check: its name and a status from 0 to 3
///
/// (https://docs.datadoghq.com/developers/dogstatsd/datagram_shell. What stands behind the text or the status is passed over.)
public enum DogStatsDMessage: Sendable {
    case event
    case serviceCheck

    /// nil when `line` is none.
    /// - Throws: ``DatagramError/badEvent`` and ``DatagramError/badServiceCheck``.
    init?(_ line: DatagramLine.Bytes) throws(DatagramError) {
        if line.starts(with: "_e{".utf8) {
            guard Self.isEvent(line.part(3, line.count)) else { throw .badEvent }
            self = .event
        } else if line.starts(with: "_sc|".utf8) {
            guard Self.isServiceCheck(line.part(4, line.count)) else { throw .badServiceCheck }
            self = .serviceCheck
        } else {
            return nil
        }
    }

    /// - Parameter bytes: `5,4}:title|text|…`.
    private static func isEvent(_ bytes: DatagramLine.Bytes) -> Bool {
        guard let brace = bytes.position(of: UInt8(ascii: "}")), brace + 1 < bytes.count, bytes[brace + 1] == UInt8(ascii: ":"),
            let comma = bytes.part(0, brace).position(of: UInt8(ascii: ",")),
            let title = length(bytes.part(0, comma)), let text = length(bytes.part(comma + 1, brace)), title > 0
        else { return false }
        let content = bytes.part(brace + 2, bytes.count)
        guard title < content.count, content[title] == UInt8(ascii: "|"), text <= content.count - title - 1 else { return false }
        let rest = content.part(title + 1 + text, content.count).trimmedLineEnd
        return rest.isEmpty || rest[0] == UInt8(ascii: "|")
    }

    /// - Parameter bytes: `redis.up|2|…`.
    private static func isServiceCheck(_ bytes: DatagramLine.Bytes) -> Bool {
        guard let bar = bytes.position(of: UInt8(ascii: "|")), bar > 0 else { return false }
        let status = bytes.part(bar + 1, bytes.position(of: UInt8(ascii: "|"), from: bar + 1) ?? bytes.count).trimmedLineEnd
        return status.count == 1 && UInt8(ascii: "0")...UInt8(ascii: "3") ~= status[0]
    }

    private static func length(_ digits: DatagramLine.Bytes) -> Int? {
        // More digits than any datagram has bytes.
        guard 1...6 ~= digits.count, digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }
}
