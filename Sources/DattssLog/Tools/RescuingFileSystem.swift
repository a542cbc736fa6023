import LibC
internal import Synchronization

/// Reads from a disk that is going bad: a sector that cannot be read (`EIO`) is taken for zeros, and noted.
///
/// So one bad sector costs a tool what lies in it, as wrong bytes would, and not the rest of the log. Only for tools that
/// write nothing through it; a server that meets such an error refuses to start.
final class RescuingFileSystem: FileSystem {
    private let base: any FileSystem
    private let noted = Mutex<[Sector: FileSystemError]>([:])

    static let sectorBytes = 512

    private struct Sector: Hashable {
        var path: String
        var offset: Int
    }

    init(_ base: any FileSystem) { self.base = base }

    /// What could not be read so far, a finding for each run of sectors.
    var findings: [Finding] {
        var findings: [Finding] = []
        let sectors = noted.withLock { $0.sorted { ($0.key.path, $0.key.offset) < ($1.key.path, $1.key.offset) } }
        for (sector, error) in sectors {
            if let last = findings.last, last.file == sector.path, last.offset + last.bytes == sector.offset {
                findings[findings.count - 1].bytes += Self.sectorBytes
            } else {
                findings.append(
                    Finding(
                        .unreadable, file: sector.path, offset: sector.offset, bytes: Self.sectorBytes,
                        problem: error.description))
            }
        }
        return findings
    }

    fileprivate func note(_ path: String, _ offset: Int, _ error: FileSystemError) {
        noted.withLock { $0[Sector(path: path, offset: offset)] = error }
    }

    func createDirectory(_ path: String) throws(FileSystemError) { try base.createDirectory(path) }
    func list(_ path: String) throws(FileSystemError) -> [String] { try base.list(path) }
    func open(_ path: String, _ mode: OpenMode) throws(FileSystemError) -> any File {
        RescuingFile(try base.open(path, mode), self)
    }
    func rename(_ path: String, to newPath: String) throws(FileSystemError) { try base.rename(path, to: newPath) }
    func remove(_ path: String) throws(FileSystemError) { try base.remove(path) }
    func size(of path: String) throws(FileSystemError) -> Int { try base.size(of: path) }
    func exists(_ path: String) throws(FileSystemError) -> Bool { try base.exists(path) }
    func syncDirectory(_ path: String) throws(FileSystemError) { try base.syncDirectory(path) }
    func lock(_ path: String) throws(FileSystemError) -> any FileLock { try base.lock(path) }
}

private final class RescuingFile: File {
    private let base: any File
    private let fileSystem: RescuingFileSystem

    init(_ base: any File, _ fileSystem: RescuingFileSystem) {
        self.base = base
        self.fileSystem = fileSystem
    }

    var path: String { base.path }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileSystemError) -> Int {
        do throws(FileSystemError) {
            return try base.read(into: buffer, at: offset)
        } catch {
            guard error.code == EIO else { throw error }
        }
        return try readSectors(into: buffer, at: offset)
    }

    /// Up to the end of the buffer or the file, one sector after the other.
    private func readSectors(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(FileSystemError) -> Int {
        let end = min(offset + buffer.count, try base.size())
        var position = offset
        while position < end {
            let sector = position / RescuingFileSystem.sectorBytes * RescuingFileSystem.sectorBytes
            let next = min(end, sector + RescuingFileSystem.sectorBytes)
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[(position - offset)..<(next - offset)])
            do throws(FileSystemError) {
                let count = try base.read(into: part, at: position)
                if count == 0 { break }
                position += count
            } catch {
                guard error.code == EIO else { throw error }
                fileSystem.note(path, sector, error)
                part.initializeMemory(as: UInt8.self, repeating: 0)
                position = next
            }
        }
        return max(0, position - offset)
    }

    func size() throws(FileSystemError) -> Int { try base.size() }
    func append(_ bytes: UnsafeRawBufferPointer) throws(FileSystemError) -> Int { try base.append(bytes) }
    func truncate(to size: Int) throws(FileSystemError) { try base.truncate(to: size) }
    func sync() throws(FileSystemError) { try base.sync() }
    func close() { base.close() }
}
