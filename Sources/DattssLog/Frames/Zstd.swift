internal import CZstd

/// Compresses payloads, each into one independent zstd frame that carries its content size.
///
/// Owned by one writer: the context is reused and must not be shared.
public final class ZstdCompressor {
    private let context: OpaquePointer
    private let level: Int32

    /// A compressor with a context of its own.
    /// - Parameter level: 1 (fast) to 19 (small), as zstd counts; below 0 it is faster still.
    public init(level: Int32) {
        guard let context = ZSTD_createCCtx() else { preconditionFailure("no memory for a zstd context") }
        self.context = context
        self.level = level
    }

    deinit { ZSTD_freeCCtx(context) }

    /// - Returns: one zstd frame that carries the size of its content.
    /// - Throws: ``LogError`` when zstd refuses, which it does for want of memory only.
    public func compress(_ bytes: [UInt8]) throws(LogError) -> [UInt8] {
        var failure: LogError?
        let compressed = [UInt8](unsafeUninitializedCapacity: ZSTD_compressBound(bytes.count)) { buffer, count in
            let result = bytes.withUnsafeBytes { source in
                ZSTD_compressCCtx(context, buffer.baseAddress, buffer.count, source.baseAddress, source.count, level)
            }
            if ZSTD_isError(result) == 0 { count = result } else { failure = .zstd(result) }
        }
        if let failure { throw failure }
        return compressed
    }
}

/// Decompresses payloads. Owned by one reader, like ``ZstdCompressor``.
public final class ZstdDecompressor {
    private let context: OpaquePointer

    /// A decompressor with a context of its own.
    public init() {
        guard let context = ZSTD_createDCtx() else { preconditionFailure("no memory for a zstd context") }
        self.context = context
    }

    deinit { ZSTD_freeDCtx(context) }

    /// - Parameter rawLength: what the frame's header says; checked against the cap, and against what zstd's own header
    ///   says, before anything is allocated.
    public func decompress(_ bytes: [UInt8], rawLength: Int) throws(LogError) -> [UInt8] {
        guard rawLength >= 0, rawLength <= FormatLimits.rawBytesMax else {
            throw LogError(.overLimit, expected: "at most \(FormatLimits.rawBytesMax) raw bytes", found: "\(rawLength)")
        }
        let contentSize = bytes.withUnsafeBytes { ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
        guard contentSize == UInt64(rawLength) else {
            throw LogError(.malformed, expected: "a zstd frame of \(rawLength) bytes", found: Self.name(of: contentSize))
        }
        var failure: LogError?
        let raw = [UInt8](unsafeUninitializedCapacity: rawLength) { buffer, count in
            let result = bytes.withUnsafeBytes { source in
                ZSTD_decompressDCtx(context, buffer.baseAddress, buffer.count, source.baseAddress, source.count)
            }
            if ZSTD_isError(result) == 0 { count = result } else { failure = .zstd(result) }
        }
        if let failure { throw failure }
        guard raw.count == rawLength else {
            throw LogError(.malformed, expected: "\(rawLength) bytes out of a zstd frame", found: "\(raw.count)")
        }
        return raw
    }

    /// zstd's two highest sizes stand for "not said" and "no zstd frame".
    private static func name(of contentSize: UInt64) -> String {
        contentSize >= UInt64.max - 1 ? "no zstd frame, or one without its size" : "one of \(contentSize)"
    }
}

extension LogError {
    fileprivate static func zstd(_ result: Int) -> LogError {
        LogError(.malformed, expected: "zstd to succeed", found: String(cString: ZSTD_getErrorName(result)))
    }
}
