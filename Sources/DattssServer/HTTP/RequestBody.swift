import DattssCore
import HTTPTypes
import Hummingbird
import NIOCore

extension RequestBody {
    /// The body, decompressed; refused as soon as it is larger than `limit`, compressed or not.
    /// - Parameter headers: the request's.
    func content(_ headers: HTTPFields, upTo limit: Int) async throws -> [UInt8] {
        let encoding = try ContentEncoding(headers[.contentEncoding])
        let body = try await collected(upTo: limit)
        if encoding == .identity { return body }
        return try body.withUnsafeBytes { try BodyDecompressor().decode($0, encoding, upTo: limit) }
    }

    /// The body as it came.
    func collected(upTo limit: Int) async throws -> [UInt8] {
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
