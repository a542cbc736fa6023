internal import DattssCore

/// Rows that did not fit into memory: a file of runs, each sorted by statistic.
///
///     run:      section … in the order of users and keys
///     section:  number of the statistic (4) │ length (4) │ CRC32C (4) │ rows
///
/// The rows of a run are of no later minutes than those of the next, so a statistic's rows are those of run 1, then those of run
/// 2, and so on. The file is never synced and worth nothing after a crash.
final class RowSpill {
    private let fileSystem: any FileSystem
    private let path: String
    private var file: (any File)?
    private var ends: [Int] = []

    static let sectionHeaderBytes = 12
    private static let writeBytes = 256 << 10

    init(fileSystem: any FileSystem, path: String) {
        self.fileSystem = fileSystem
        self.path = path
    }

    var runCount: Int { ends.count }
    var byteCount: Int { ends.last ?? 0 }

    /// Writes a run.
    /// - Parameter order: the numbers of all statistics, by user and key.
    func append(_ buffer: RowBuffer, order: [Int]) throws(LogError) {
        let file = try open()
        var end = byteCount
        var writer = ByteWriter(capacity: Self.writeBytes * 2)
        func flush() throws(LogError) {
            try logged { () throws(FileSystemError) in try file.writeAll(writer.bytes) }
            end += writer.count
            writer = ByteWriter(capacity: Self.writeBytes * 2)
        }
        for number in order where buffer.has(number) {
            let section = buffer.section(of: number)
            writer.appendFixed(UInt32(number))
            writer.appendFixed(UInt32(section.count))
            writer.appendFixed(CRC32C.checksum(section))
            writer.append(section)
            if writer.count >= Self.writeBytes { try flush() }
        }
        try flush()
        ends.append(end)
    }

    /// Readers of the runs, oldest first, which take at most `memoryBytes` all together while sections are small.
    func runs(memoryBytes: Int) throws(LogError) -> [RowRun] {
        guard !ends.isEmpty else { return [] }
        let file = try logged { () throws(FileSystemError) in try fileSystem.open(path, .reading) }
        let windowBytes = min(256 << 10, max(4 << 10, memoryBytes / ends.count))
        var runs: [RowRun] = []
        for (start, end) in zip([0] + ends, ends) {
            runs.append(try RowRun(file, start..<end, path: path, windowBytes: windowBytes))
        }
        return runs
    }

    /// What cannot be removed is removed on the next start.
    func remove() {
        guard let file else { return }
        file.close()
        try? fileSystem.remove(path)
    }

    private func open() throws(LogError) -> any File {
        if let file { return file }
        let opened = try logged { () throws(FileSystemError) in
            try fileSystem.createDirectories(FileSystemPath.parent(of: path), isSynced: false)
            if try fileSystem.exists(path) { try fileSystem.remove(path) }
            return try fileSystem.open(path, .appendingToNew)
        }
        file = opened
        return opened
    }
}

/// Reads one run, section after section, through a window.
final class RowRun {
    private let file: any File
    private let path: String
    private let windowBytes: Int
    private var window: [UInt8] = []
    private var windowStart: Int
    private var offset: Int
    private let end: Int
    /// The section that comes next.
    private(set) var next: (number: Int, length: Int, checksum: UInt32)?

    init(_ file: any File, _ range: Range<Int>, path: String, windowBytes: Int) throws(LogError) {
        self.file = file
        self.path = path
        self.windowBytes = windowBytes
        windowStart = range.lowerBound
        offset = range.lowerBound
        end = range.upperBound
        try readHeader()
    }

    /// The rows of the section that comes next.
    func take() throws(LogError) -> [UInt8] {
        guard let next else { return [] }
        let section = try bytes(next.length)
        let checksum = CRC32C.checksum(section)
        guard checksum == next.checksum else {
            throw LogError.checksum(of: "spilled rows", expected: next.checksum, found: checksum).at(path, offset)
        }
        try readHeader()
        return section
    }

    private func readHeader() throws(LogError) {
        next = nil
        if offset == end { return }
        var reader = ByteReader(try bytes(RowSpill.sectionHeaderBytes))
        let number = try reader.fixed(UInt32.self, "number of a statistic")
        let length = try reader.fixed(UInt32.self, "length of a section")
        guard Int(length) <= end - offset else {
            throw LogError(.malformed, expected: "\(length) bytes of rows", found: "\(end - offset)", file: path, offset: offset)
        }
        next = (Int(number), Int(length), try reader.fixed(UInt32.self, "CRC of a section"))
    }

    private func bytes(_ count: Int) throws(LogError) -> [UInt8] {
        defer { offset += count }
        if offset + count > windowStart + window.count {
            // A section that is larger than the window is read by itself.
            let wanted = min(max(count, windowBytes), end - offset)
            window = try logged { () throws(FileSystemError) in try file.bytes(at: offset, count: wanted) }
            windowStart = offset
        }
        guard offset + count <= windowStart + window.count else {
            throw LogError(.malformed, expected: "\(count) bytes of rows", found: "fewer", file: path, offset: offset)
        }
        let start = offset - windowStart
        let bytes = Array(window[start..<start + count])
        if window.count > windowBytes { window = [] }
        return bytes
    }
}
