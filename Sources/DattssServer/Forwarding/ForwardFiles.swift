import DattssCore
import DattssLog

/// What a target needs to go on after a start: up to which minute it has everything, and what had been counted by some minute before.
///
///     <data>/forward/NAME.minute    "29834012\n"
///     <data>/forward/NAME.totals    see ForwardTotals; always some minutes older
///
/// The log itself is the spool: minutes stay there for as long as minutes are kept.
struct ForwardFiles: Sendable {
    private let fileSystem: any FileSystem
    private let folder: String
    private let name: String

    init(_ target: ForwardTarget, directory: String, _ fileSystem: any FileSystem) {
        (self.fileSystem, folder, name) = (fileSystem, directory + "/forward", target.fileName)
    }

    private var minutePath: String { "\(folder)/\(name).minute" }
    private var totalsPath: String { "\(folder)/\(name).totals" }

    /// The last minute that was delivered; nil for a target that is new.
    func readMinute() throws(FileSystemError) -> Minute? {
        try text(of: minutePath).flatMap { Int64($0.prefix { $0 != "\n" }) }.map { Minute($0) }
    }

    /// nil when there are none, or no whole ones.
    func readTotals() throws(FileSystemError) -> ForwardTotals? { try text(of: totalsPath).flatMap { ForwardTotals(text: $0) } }

    func write(_ minute: Minute) throws(FileSystemError) { try replace(minutePath, "\(minute.index)\n") }

    func write(_ totals: ForwardTotals) throws(FileSystemError) { try replace(totalsPath, totals.text) }

    private func text(of path: String) throws(FileSystemError) -> String? {
        guard try fileSystem.exists(path) else { return nil }
        let file = try fileSystem.open(path, .reading)
        defer { file.close() }
        return String(decoding: try file.bytes(at: 0, count: try fileSystem.size(of: path)), as: UTF8.self)
    }

    private func replace(_ path: String, _ text: String) throws(FileSystemError) {
        try fileSystem.createDirectories(folder, isSynced: false)
        try fileSystem.replace(path, with: text, isSynced: false)
    }
}
