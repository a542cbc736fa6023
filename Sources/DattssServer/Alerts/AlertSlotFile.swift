import DattssCore
import LibC

/// Up to which slot everything was looked at, in a file of its own: it changes every five seconds, and a transaction each time would
/// have the disk sync as often. A kill leaves it as it is. After a loss of power it may be older, and what was looked at since is
/// looked at again, which changes nothing: an instance takes no slot twice.
struct AlertSlotFile {
    private let path: String

    /// - Parameters:
    ///   - database: the path of the accounts.
    ///   - scope: of the rules about what is usual, which may be behind, it is a file of its own.
    init(besides database: String, _ scope: AlertScope) {
        let name = scope == .usual ? "alerts.usual.slot" : "alerts.slot"
        path = (database.lastIndex(of: "/").map { String(database[...$0]) } ?? "") + name
    }

    private static let digits = 20

    /// nil when there is none, or not a whole one.
    func read() -> Int64? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var text = [UInt8](repeating: 0, count: Self.digits + 1)
        guard Glibc.read(file, &text, text.count) == text.count else { return nil }
        return Int64(String(decoding: text.drop { $0 == UInt8(ascii: " ") }.dropLast(), as: UTF8.self))
    }

    /// - Throws: ``AccountError``.
    func write(_ slot: Int64) throws(AccountError) {
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .failed("create", path) }
        defer { close(file) }
        let number = "\(slot)"
        let text = Array((String(repeating: " ", count: max(0, Self.digits - number.count)) + number + "\n").utf8)
        guard pwrite(file, text, text.count, 0) == text.count else { throw .failed("write", path) }
    }
}
