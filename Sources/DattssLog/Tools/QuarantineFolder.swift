/// A stretch of a file that ``LogRepair`` left out of its copy.
public struct QuarantinedRegion: Sendable, Hashable, CustomStringConvertible {
    /// The damaged file.
    public var file: String
    /// Where in the file it begins.
    public var offset: Int
    /// How long it is.
    public var bytes: Int
    /// Where its bytes are now.
    public var path: String
    /// Why it was left out, for people.
    public var problem: String

    public var description: String { "\(file) offset \(offset), \(bytes) bytes, now in \(path): \(problem)" }
}

/// Where a repair puts what it cannot use, so that nothing is thrown away:
///
///     <target>/quarantine/minutes-00000000000000000003.log@4711.bin      the bytes
///     <target>/quarantine/report.txt                                     a line for each such file: from where, and why
///
/// There is no such folder when there was no damage.
final class QuarantineFolder {
    private let source: any FileSystem
    private let target: any FileSystem
    private let directory: String
    private(set) var regions: [QuarantinedRegion] = []

    private static let chunkBytes = 1 << 20

    /// - Parameters:
    ///   - source: reads the damaged files.
    ///   - directory: the data folder of the repaired copy.
    init(source: any FileSystem, target: any FileSystem, directory: String) {
        self.source = source
        self.target = target
        self.directory = LogLayout.quarantine(in: directory)
    }

    /// Takes in `range` of a file.
    func take(_ range: Range<Int>, of file: String, problem: String) throws(LogError) {
        let parts = file.split(separator: "/").suffix(2)
        let name = directory + "/" + parts.joined(separator: "-") + "@\(range.lowerBound)"
        var path = name + ".bin"
        try logged { () throws(FileSystemError) in
            try target.createDirectories(directory, isSynced: true)
            // An earlier repair may have found something at the same place.
            var number = 1
            while try target.exists(path) {
                number += 1
                path = "\(name).\(number).bin"
            }
            let copy = try target.open(path, .appendingToNew)
            try Self.copy(range, of: try source.open(file, .reading), to: copy)
            try copy.sync()
        }
        regions.append(
            QuarantinedRegion(file: file, offset: range.lowerBound, bytes: range.count, path: path, problem: problem))
    }

    func writeReport() throws(LogError) {
        guard !regions.isEmpty else { return }
        let text = regions.map { "\($0)\n" }.joined()
        try logged { () throws(FileSystemError) in
            let path = directory + "/report.txt"
            let report = try target.open(path, try target.exists(path) ? .appendingToExisting : .appendingToNew)
            try report.writeAll(Array(text.utf8))
            try report.sync()
            try target.syncDirectory(directory)
        }
    }

    /// Appends `range` of one file to another.
    static func copy(_ range: Range<Int>, of file: any File, to copy: any File) throws(FileSystemError) {
        var offset = range.lowerBound
        while offset < range.upperBound {
            let bytes = try file.bytes(at: offset, count: min(chunkBytes, range.upperBound - offset))
            if bytes.isEmpty { return }
            try copy.writeAll(bytes)
            offset += bytes.count
        }
    }
}
