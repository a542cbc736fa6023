internal import DattssCore

/// Where copies go of files that are damaged and about to be replaced or deleted, for somebody to look at.
///
///     <data>/quarantine/2026-11-22.day.1
///     <data>/quarantine/00000000000000000003.log.1
///
/// What was readable of them is elsewhere by then.
struct Quarantine {
    let fileSystem: any FileSystem
    let directory: String
    let policy: SyncPolicy

    private static let pieceBytes = 1 << 20

    /// Copies a file, durably, unless there is such a copy already.
    /// - Returns: where the copy is.
    func keep(_ path: String) throws(LogError) -> String {
        let folder = LogLayout.quarantine(in: directory)
        return try logged { () throws(FileSystemError) in
            let source = try fileSystem.open(path, .reading)
            let name = folder + "/" + FileSystemPath.name(of: path)
            var number = 1
            while try fileSystem.exists("\(name).\(number)") {
                if try isSame(source, try fileSystem.open("\(name).\(number)", .reading)) { return "\(name).\(number)" }
                number += 1
            }
            try fileSystem.createDirectories(folder, isSynced: policy == .whenAsked)
            try copy(source, to: "\(name).\(number)")
            if policy == .whenAsked {
                try fileSystem.syncDirectory(folder)
                try fileSystem.syncDirectory(directory)
            }
            return "\(name).\(number)"
        }
    }

    private func copy(_ source: any File, to path: String) throws(FileSystemError) {
        let temporary = path + LogLayout.unfinishedSuffix
        if try fileSystem.exists(temporary) { try fileSystem.remove(temporary) }
        let copy = try fileSystem.open(temporary, .appendingToNew)
        var offset = 0
        while true {
            let piece = try source.bytes(at: offset, count: Self.pieceBytes)
            if piece.isEmpty { break }
            try copy.writeAll(piece)
            offset += piece.count
        }
        if policy == .whenAsked { try copy.sync() }
        copy.close()
        try fileSystem.rename(temporary, to: path)
    }

    private func isSame(_ a: any File, _ b: any File) throws(FileSystemError) -> Bool {
        var offset = 0
        while true {
            let piece = try a.bytes(at: offset, count: Self.pieceBytes)
            if try b.bytes(at: offset, count: Self.pieceBytes) != piece { return false }
            if piece.isEmpty { return true }
            offset += piece.count
        }
    }
}
