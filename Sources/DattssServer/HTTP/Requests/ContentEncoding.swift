import CZlib
import CZstd
import DattssCore

/// How a request's body is compressed (RFC 9110, section 8.4.1; zstd: RFC 8878).
enum ContentEncoding: Sendable, Hashable {
    case identity
    case zstd
    case gzip
    case deflate

    init(_ header: String?) throws(WireError) {
        switch header?.lowercased() {
        case nil, "", "identity": self = .identity
        case "zstd": self = .zstd
        case "gzip", "x-gzip": self = .gzip
        case "deflate": self = .deflate
        case let other?:
            throw WireError(
                .unsupportedEncoding, "Content-Encoding: is '\(other.prefix(32))', expected zstd, gzip, deflate or identity")
        }
    }
}

/// Decompresses one body after the other. Decompression stops at a limit, so that a small body cannot become a large one.
///
/// Owned by one reader of bodies: what zstd needs is made once, and is not to be shared.
final class BodyDecompressor {
    private var context: OpaquePointer?
    private var chunk: [UInt8] = []

    /// A frame that needs a larger window is refused: the decoder would allocate it before the first byte comes out.
    private static let windowLogMax: CInt = 23

    deinit { ZSTD_freeDCtx(context) }

    func decode(_ bytes: UnsafeRawBufferPointer, _ encoding: ContentEncoding, upTo limit: Int) throws(WireError) -> [UInt8] {
        switch encoding {
        case .identity: return Array(bytes)
        case .zstd: return try zstd(bytes, upTo: limit)
        case .gzip: return try ZlibBody.decode(Array(bytes), upTo: limit, windowBits: 15 + 16)
        case .deflate:
            // The name means the zlib format; some senders leave its header away.
            let hasHeader = bytes.count >= 2 && bytes[0] & 0x0F == 8 && (Int(bytes[0]) << 8 | Int(bytes[1])) % 31 == 0
            return try ZlibBody.decode(Array(bytes), upTo: limit, windowBits: hasHeader ? 15 : -15)
        }
    }

    private func zstd(_ bytes: UnsafeRawBufferPointer, upTo limit: Int) throws(WireError) -> [UInt8] {
        let context = try freshContext()
        var decoded: [UInt8] = []
        var position = 0
        while true {
            var (produced, status) = (0, 0)
            chunk.withUnsafeMutableBytes { target in
                var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: position)
                var output = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
                status = ZSTD_decompressStream(context, &output, &input)
                (position, produced) = (input.pos, output.pos)
            }
            guard ZSTD_isError(status) == 0 else {
                throw WireError(.malformed, "the body is not valid zstd: \(String(cString: ZSTD_getErrorName(status)))")
            }
            guard decoded.count + produced <= limit else {
                throw WireError(.bodyTooLarge, "the body has more than \(limit) bytes after decompression")
            }
            decoded += chunk[..<produced]
            guard position == bytes.count else { continue }
            // All is taken in: either the frame has ended, or output is still buffered, or the rest is missing.
            if status == 0 { return decoded }
            guard produced > 0 else { throw WireError(.malformed, "the zstd body ends too early") }
        }
    }

    /// Whatever the body before left behind.
    private func freshContext() throws(WireError) -> OpaquePointer {
        if let context {
            ZSTD_DCtx_reset(context, ZSTD_reset_session_only)
            return context
        }
        guard let context = ZSTD_createDCtx() else { throw WireError(.overloaded, "no memory to decompress") }
        ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Self.windowLogMax)
        chunk = [UInt8](repeating: 0, count: ZSTD_DStreamOutSize())
        self.context = context
        return context
    }
}

private enum ZlibBody {
    static func decode(_ bytes: [UInt8], upTo limit: Int, windowBits: CInt) throws(WireError) -> [UInt8] {
        var stream = z_stream()
        guard inflateInit2_(&stream, windowBits, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw WireError(.overloaded, "no memory to decompress")
        }
        defer { inflateEnd(&stream) }
        var bytes = bytes
        // One byte more than the limit tells a body that fits from one that does not.
        var decoded = [UInt8](repeating: 0, count: min(limit + 1, max(1024, bytes.count * 4)))
        var count = 0
        var status = Z_OK
        bytes.withUnsafeMutableBufferPointer { source in
            stream.next_in = source.baseAddress
            stream.avail_in = uInt(source.count)
            while status == Z_OK, count <= limit {
                if count == decoded.count {
                    decoded += [UInt8](repeating: 0, count: min(limit + 1 - count, count))
                }
                decoded.withUnsafeMutableBufferPointer { target in
                    stream.next_out = target.baseAddress.map { $0 + count }
                    stream.avail_out = uInt(target.count - count)
                    status = inflate(&stream, Z_NO_FLUSH)
                    count = target.count - Int(stream.avail_out)
                }
                // A gzip body may have several members, one behind the other (RFC 1952, section 2.2).
                if status == Z_STREAM_END, windowBits > 15, stream.avail_in > 0 { status = inflateReset(&stream) }
            }
        }
        guard count <= limit else {
            throw WireError(.bodyTooLarge, "the body has more than \(limit) bytes after decompression")
        }
        guard status == Z_STREAM_END else {
            let reason = stream.msg.map { String(cString: $0) } ?? "it ends too early"
            throw WireError(.malformed, "the body is not valid gzip or deflate: \(reason)")
        }
        return Array(decoded[..<count])
    }
}
