public import DattssCore

/// `<data>/clock`: what is certain of the time, from one run of a server to the next.
///
///     dattss clock 1
///     line 1795330000000
///     doubt 2592000000 3600000          only when the clock said something else: by how much, for how long
///
/// Milliseconds. It is text, so that an operator can read it; without it, or when it is damaged, the newest data says how late it
/// is.
public struct ConfirmedTimeFile {
    private let fileSystem: any FileSystem
    private let directory: String
    private let policy: SyncPolicy

    private static let title = "dattss clock 1"
    private static let bytesMax = 1024

    /// - Parameter directory: the data folder.
    public init(fileSystem: any FileSystem, directory: String, policy: SyncPolicy) {
        (self.fileSystem, self.directory, self.policy) = (fileSystem, directory, policy)
    }

    /// nil when there is none, or nothing that can be read.
    /// - Throws: an error of the file system.
    public func read() throws(LogError) -> (line: Timestamp, doubt: ConfirmedTime.Doubt?)? {
        let path = LogLayout.clock(in: directory)
        let bytes = try logged { () throws(FileSystemError) -> [UInt8] in
            guard try fileSystem.exists(path) else { return [] }
            return try fileSystem.open(path, .reading).bytes(at: 0, count: Self.bytesMax)
        }
        return Self.decode(String(decoding: bytes, as: UTF8.self))
    }

    /// Replaces the file at once: killed at any instant, there is the one before or this one.
    /// - Throws: an error of the file system, after which the one before is still there.
    public func write(_ time: ConfirmedTime) throws(LogError) {
        try logged { () throws(FileSystemError) in
            try fileSystem.replace(
                LogLayout.clock(in: directory), with: Self.encode(time), isSynced: policy == .whenAsked)
        }
    }

    private static func encode(_ time: ConfirmedTime) -> String {
        let doubt = time.doubt.map { "doubt \($0.aheadMilliseconds) \($0.lastedMilliseconds)\n" }
        return "\(title)\nline \(time.line.milliseconds)\n" + (doubt ?? "")
    }

    private static func decode(_ text: String) -> (line: Timestamp, doubt: ConfirmedTime.Doubt?)? {
        let lines = text.split(separator: "\n").map { $0.split(separator: " ") }
        guard text.hasSuffix("\n"), text.hasPrefix(title + "\n"), 2...3 ~= lines.count,
            let line = numbers(of: "line", count: 1, in: lines[1])
        else { return nil }
        let time = Timestamp(milliseconds: line[0])
        guard lines.count == 3 else { return (time, nil) }
        // One that lasted for longer would have been believed.
        guard let doubt = numbers(of: "doubt", count: 2, in: lines[2]), 0..<ConfirmedTime.confirmationMilliseconds ~= doubt[1]
        else { return nil }
        return (time, ConfirmedTime.Doubt(aheadMilliseconds: doubt[0], lastedMilliseconds: doubt[1]))
    }

    private static func numbers(of name: Substring, count: Int, in words: [Substring]) -> [Int64]? {
        let numbers = words.dropFirst().compactMap { Int64($0) }
        return words.first == name && words.count == count + 1 && numbers.count == count ? numbers : nil
    }
}
