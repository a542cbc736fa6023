import DattssCore
import DattssLog
import FoundationEssentials

/// A data folder that is measured.
struct BenchFolder {
    let directory: String
    let fileSystem = POSIXFileSystem()

    func lane(_ history: History? = nil) -> MinuteLane {
        MinuteLane(fileSystem: fileSystem, directory: directory, policy: .never, history: history)
    }

    func history() throws -> History { try History.open(fileSystem: fileSystem, directory: directory) }

    /// What the files of one of its folders take: `minutes`, `days`, `hours`, `accepted`.
    func bytes(of folder: String) throws -> Int {
        let path = "\(directory)/\(folder)"
        guard try fileSystem.exists(path) else { return 0 }
        return try fileSystem.list(path).reduce(0) { try $0 + fileSystem.size(of: "\(path)/\($1)") }
    }

    /// Runs `body` with a folder for data folders, which is deleted afterwards.
    static func withTemporary<Value>(_ body: (String) async throws -> Value) async throws -> Value {
        let path = FileManager.default.temporaryDirectory.path + "/dattss-bench-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        // What cannot be deleted is for the system's own cleaning.
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try await body(path)
    }
}
