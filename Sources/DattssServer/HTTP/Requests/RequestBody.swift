import DattssCore
import HTTPTypes
import Hummingbird
import NIOCore

extension RequestBody {
    /// The body, decompressed; refused as soon as it is larger than `limit`, compressed or not.
    /// - Parameter headers: the request's.
    func content(_ headers: HTTPFields, upTo limit: Int) async throws -> [UInt8] {
        try await encoded(headers, upTo: limit).content(upTo: limit)
    }

    /// The body as it came, and how it is compressed.
    func encoded(_ headers: HTTPFields, upTo limit: Int) async throws -> EncodedBody {
        let encoding = try ContentEncoding(headers[.contentEncoding])
        return EncodedBody(bytes: try await collected(headers, upTo: limit), encoding: encoding)
    }

    /// The body as it came. One that is announced to be larger is not waited for.
    func collected(_ headers: HTTPFields, upTo limit: Int) async throws -> [UInt8] {
        // (A number that does not fit into 64 bits is none: the parser in front has refused it.)
        if let length = headers[.contentLength].flatMap({ UInt64($0) }), length > UInt64(limit) {
            throw WireError(.bodyTooLarge, "the body has more than \(limit) bytes")
        }
        var bytes: [UInt8] = []
        for try await chunk in self {
            guard bytes.count + chunk.readableBytes <= limit else {
                throw WireError(.bodyTooLarge, "the body has more than \(limit) bytes")
            }
            bytes.append(contentsOf: chunk.readableBytesView)
        }
        return bytes
    }
}

/// A whole body, still compressed if it came so.
struct EncodedBody: Sendable {
    let bytes: [UInt8]
    let encoding: ContentEncoding

    /// Whether it may be dear to read. What is compressed may be as large as any.
    var isDear: Bool { encoding != .identity || bytes.count >= DecodingPool.exportBytesMin }

    func content(upTo limit: Int) throws(WireError) -> [UInt8] {
        if encoding == .identity { return bytes }
        return try bytes.withUnsafeBufferPointer { (bytes) throws(WireError) in
            try BodyDecompressor().decode(UnsafeRawBufferPointer(bytes), encoding, upTo: limit)
        }
    }
}
