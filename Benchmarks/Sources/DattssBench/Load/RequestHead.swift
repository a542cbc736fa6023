import DattssCore

/// What stands in front of the prepared part of a request: the lines of HTTP, and the beginning of the body, which says what
/// no two bodies share, the client and the number of its batch.
///
///     PUT /agg HTTP/1.1⏎ Host: …⏎ Authorization: Bearer KEY⏎ Content-Length: 8123⏎ ⏎ {"cid":"load-1a2b-0-7","seq":12,
struct RequestHead: Sendable {
    private let isQuery: Bool
    private let hasWrongKey: Bool
    private let client: [UInt8]
    /// How each user's head begins, up to the end of its key.
    private let starts: [[UInt8]]

    /// - Parameter run: what makes the clients of this run others than those of any other run.
    init(_ stream: LoadStream, host: String, keys: ArraySlice<String>, run: UInt64) {
        let target = stream.transport == .query ? "GET \(stream.query)" : "PUT /agg"
        isQuery = stream.transport == .query
        hasWrongKey = stream.hasWrongKeys
        client = Array("load-\(String(run, radix: 16))-".utf8)
        starts = keys.map { Array("\(target) HTTP/1.1\r\nHost: \(host)\r\nAuthorization: Bearer \($0)".utf8) }
    }

    /// Replaces what `bytes` holds.
    /// - Parameters:
    ///   - client: the number of the client, which has one request under way.
    ///   - sequence: the number of this one among its requests.
    ///   - length: of the prepared part.
    func write(to bytes: inout [UInt8], user: Int, client number: Int, sequence: Int, length: Int) {
        bytes.removeAll(keepingCapacity: true)
        bytes += starts[user]
        if hasWrongKey { WrongKeys.spoil(&bytes, UInt64(number) << 40 | UInt64(sequence)) }
        guard !isQuery else {
            bytes += "\r\n\r\n".utf8
            return
        }
        let opening = opening(number, sequence)
        bytes += "\r\nContent-Length: ".utf8
        bytes.append(decimal: Int64(opening.count + length))
        bytes += "\r\n\r\n".utf8
        bytes += opening
    }

    private func opening(_ number: Int, _ sequence: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(64)
        bytes += #"{"cid":""#.utf8
        bytes += client
        bytes.append(decimal: Int64(number))
        bytes += #"","seq":"#.utf8
        bytes.append(decimal: Int64(sequence))
        bytes.append(UInt8(ascii: ","))
        return bytes
    }
}

/// Keys that look like those of users and are not.
enum WrongKeys {
    private static let digits = Array("0123456789abcdef".utf8)
    private static let count = 16

    /// Replaces the last digits of a key by others, which depend on a number.
    static func spoil(_ key: inout [UInt8], _ number: UInt64) {
        var random = SplitMix64(seed: number)
        var bits = random.next()
        for index in key.indices.suffix(count) {
            key[index] = digits[Int(bits & 15)]
            bits >>= 4
        }
    }
}
