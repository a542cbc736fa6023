import DattssCore
import HTTPTypes
import Hummingbird
import NIOCore

extension RequestBody {
    /// The body, decompressed; refused as soon as it is larger than `limit`, compressed or not.
    /// - Parameter headers: the request's.
    func content(_ headers: HTTPFields, upTo limit: Int) async throws -> [UInt8] {
        let encoding = try ContentEncoding(headers[.contentEncoding])
        if let announced = headers[.contentLength].flatMap({ Int($0) }), announced > limit {
            throw Self.tooLarge(limit)
        }
        var bytes: [UInt8] = []
        for try await chunk in self {
            guard bytes.count + chunk.readableBytes <= limit else { throw Self.tooLarge(limit) }
            bytes.append(contentsOf: chunk.readableBytesView)
        }
        return try encoding.decode(bytes, upTo: limit)
    }

    private static func tooLarge(_ limit: Int) -> WireError {
        WireError(.bodyTooLarge, "the body has more than \(limit) bytes")
    }
}

extension Request {
    /// The auth key: `Authorization: Bearer KEY`, or `?auth=KEY`.
    var authKey: String? {
        if let authorization = headers[.authorization] {
            let parts = authorization.split(separator: " ", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == "bearer" { return String(parts[1]) }
        }
        return uri.queryParameters["auth"].map(String.init)
    }
}
