import CZlib
import LibC

/// The lines of a file of UTF-8, plain or gzip by its content, with a block of it in memory at a time.
///
///     let file = try LineFile("access.log.gz")
///     try file.forEachLine { bytes in … }
///
/// A line ends at `\n`, `\r\n` or `\r`. Of one that is longer than ``lineBytesMax`` only the beginning is handed out. A byte order
/// mark at the beginning belongs to no line; UTF-16 and UTF-32 are refused.
public final class LineFile {
    private let path: String
    private let file: gzFile
    /// The size on disk, 0 where there is none (a pipe).
    public let sizeBytes: Int64

    static let lineBytesMax = 1 << 20
    private static let blockBytes = 128 << 10

    /// - Parameter path: `-` is standard input.
    public init(_ path: String) throws(LineFileError) {
        self.path = path
        let descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .failed(path) }
        var status = stat()
        sizeBytes = fstat(descriptor, &status) == 0 ? Int64(status.st_size) : 0
        guard status.st_mode & S_IFMT != S_IFDIR else {
            close(descriptor)
            throw LineFileError(path: path, problem: "is a folder", systemError: EISDIR)
        }
        // zlib looks at the first bytes: what is no gzip is handed through as it is.
        guard let file = gzdopen(descriptor, "rb") else {
            close(descriptor)
            throw LineFileError(path: path, problem: "zlib has no memory")
        }
        gzbuffer(file, UInt32(Self.blockBytes))
        self.file = file
    }

    deinit { gzclose_r(file) }

    /// How much of the file on disk has been read.
    public var positionBytes: Int64 { Int64(gzoffset(file)) }

    /// Calls `body` with every line, without its end.
    /// - Throws: ``LineFileError`` when reading fails, the compressed data is damaged or cut off, or the text is not UTF-8.
    public func forEachLine(_ body: (UnsafeBufferPointer<UInt8>) -> Void) throws(LineFileError) {
        var block = [UInt8](repeating: 0, count: Self.blockBytes)
        var lines = LineSplitter(lineBytesMax: Self.lineBytesMax)
        var isBeginning = true
        while true {
            let count = block.withUnsafeMutableBytes { Int(gzread(file, $0.baseAddress, UInt32($0.count))) }
            guard count >= 0 else { throw failure() }
            if count == 0 { break }
            let start = isBeginning ? try lengthOfMark(block[..<count]) : 0
            isBeginning = false
            block.withUnsafeBufferPointer { lines.add(UnsafeBufferPointer(rebasing: $0[start..<count]), body) }
        }
        var code = Z_OK
        _ = gzerror(file, &code)
        guard code == Z_OK || code == Z_STREAM_END else { throw failure() }
        lines.end(body)
    }

    /// How long the byte order mark is with which a text begins (Unicode 16, section 23.8).
    private func lengthOfMark(_ bytes: ArraySlice<UInt8>) throws(LineFileError) -> Int {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return 3 }
        let isWide32 = bytes.starts(with: [0xFF, 0xFE, 0, 0]) || bytes.starts(with: [0, 0, 0xFE, 0xFF])
        // Without a mark, the letters of ASCII have a zero beside them, and text has none.
        let zeros = bytes.prefix(4).map { $0 == 0 }
        let isWide16 =
            bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF])
            || zeros == [false, true, false, true] || zeros == [true, false, true, false]
        guard !isWide32, !isWide16 else {
            let name = isWide32 ? "UTF-32" : "UTF-16"
            throw LineFileError(
                path: path, problem: "is \(name), expected UTF-8: 'iconv -f \(name) -t UTF-8' makes it that")
        }
        return 0
    }

    private func failure() -> LineFileError {
        var code = Z_OK
        let message = gzerror(file, &code).map { String(cString: $0) } ?? ""
        return code == Z_ERRNO ? .failed(path) : LineFileError(path: path, problem: message)
    }
}

/// Why a file cannot be read.
public struct LineFileError: Error, Hashable, CustomStringConvertible {
    /// The file as it was named.
    public var path: String
    /// What is wrong with it, for a person.
    public var problem: String
    /// Where a call of the system failed, its `errno`.
    public var systemError: Int32? = nil
    public var description: String { "\(path): \(problem)" }
}

extension LineFileError {
    /// A call of the system failed just now.
    fileprivate static func failed(_ path: String) -> LineFileError {
        let code = errno
        return LineFileError(path: path, problem: String(cString: strerror(code)), systemError: code)
    }
}
