import DattssCore
import LibC

/// What this server is called in the stream that it owns: for people, and for nothing else.
enum StreamNode {
    /// The name of the machine, and the port of HTTP.
    static func name(_ http: HostPort) -> String {
        let name = "\(machine):\(http.port)".utf8.map { Name.isNameByte($0) ? $0 : UInt8(ascii: "-") }
        return String(decoding: name.prefix(100), as: UTF8.self)
    }

    /// The name of the machine.
    static var machine: String {
        var bytes = [CChar](repeating: 0, count: 128)
        let isKnown = gethostname(&bytes, bytes.count - 1) == 0
        return isKnown ? String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : "unknown"
    }
}
