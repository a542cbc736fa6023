import CZlib

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The lines of a file, plain or gzip by its content, with a block of it in memory at a time.
///
///     let file = try LineFile("access.log.gz")
///     try file.forEachLine { bytes in … }
///
/// A line ends at `\n` or `\r\n`. Of one that is longer than ``lineBytesMax`` only the beginning is handed out.
final class LineFile {
    private let path: String
    private let file: gzFile
    /// The size on disk, 0 where there is none (a pipe).
    let sizeBytes: Int64

    static let lineBytesMax = 1 << 20
    private static let blockBytes = 128 << 10

    /// - Parameter path: `-` is standard input.
    init(_ path: String) throws(LineFileError) {
        self.path = path
        let descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw LineFileError(path: path, problem: String(cString: strerror(errno))) }
        var status = stat()
        sizeBytes = fstat(descriptor, &status) == 0 ? Int64(status.st_size) : 0
        guard status.st_mode & S_IFMT != S_IFDIR else {
            close(descriptor)
            throw LineFileError(path: path, problem: "is a folder")
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
    var positionBytes: Int64 { Int64(gzoffset(file)) }

    /// Calls `body` with every line, without its end.
    /// - Throws: ``LineFileError`` when reading fails or the compressed data is damaged or cut off.
    func forEachLine(_ body: (UnsafeBufferPointer<UInt8>) -> Void) throws(LineFileError) {
        var block = [UInt8](repeating: 0, count: Self.blockBytes)
        var begun: [UInt8] = []
        while true {
            let count = block.withUnsafeMutableBytes { Int(gzread(file, $0.baseAddress, UInt32($0.count))) }
            guard count >= 0 else { throw failure() }
            if count == 0 { break }
            block.withUnsafeBufferPointer { bytes in Self.split(UnsafeBufferPointer(rebasing: bytes[..<count]), &begun, body) }
        }
        var code = Z_OK
        _ = gzerror(file, &code)
        guard code == Z_OK || code == Z_STREAM_END else { throw failure() }
        if !begun.isEmpty { begun.withUnsafeBufferPointer { body(Self.withoutReturn($0)) } }
    }

    private static func split(
        _ bytes: UnsafeBufferPointer<UInt8>, _ begun: inout [UInt8], _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let line = UnsafeBufferPointer(rebasing: rest[..<end])
            if begun.isEmpty {
                body(withoutReturn(line))
            } else {
                keep(line, &begun)
                begun.withUnsafeBufferPointer { body(withoutReturn($0)) }
                begun.removeAll(keepingCapacity: true)
            }
            rest = rest[(end + 1)...]
        }
        keep(UnsafeBufferPointer(rebasing: rest), &begun)
    }

    private static func keep(_ bytes: UnsafeBufferPointer<UInt8>, _ begun: inout [UInt8]) {
        begun.append(contentsOf: bytes.prefix(max(0, lineBytesMax - begun.count)))
    }

    private static func withoutReturn(_ line: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        line.last == UInt8(ascii: "\r") ? UnsafeBufferPointer(rebasing: line.dropLast()) : line
    }

    private func failure() -> LineFileError {
        var code = Z_OK
        let message = gzerror(file, &code).map { String(cString: $0) } ?? ""
        return LineFileError(path: path, problem: code == Z_ERRNO ? String(cString: strerror(errno)) : message)
    }
}

/// Why a file cannot be read.
struct LineFileError: Error, Hashable, CustomStringConvertible {
    var path: String
    var problem: String
    var description: String { "\(path): \(problem)" }
}
