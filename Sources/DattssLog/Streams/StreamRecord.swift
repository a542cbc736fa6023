package import DattssCore

/// The position of a message in a replicated stream: 1, 2, 3, … as the engine counts them; 0 is the position before the first.
package struct StreamPosition: Sendable, Hashable, Comparable {
    package var value: UInt64

    package init(_ value: UInt64) { self.value = value }

    package static let zero = StreamPosition(0)
    package static func < (a: StreamPosition, b: StreamPosition) -> Bool { a.value < b.value }
    package var next: StreamPosition { StreamPosition(value + 1) }
    package var previous: StreamPosition { StreamPosition(value - 1) }
}

/// A message of a replicated stream that holds the accepted batches, as bytes in which damage is noticed:
///
///      0         1      2              at the end
///     ┌─────────┬──────┬──────────────┬────────┐
///     │ version │ kind │ fields …     │ CRC32C │   kind 1, claim:   the node's name, nonce (8)
///     │ 1       │ 1    │              │ 4      │   kind 2, batches: epoch │ first LSN │ count │ frames, to the end
///     └─────────┴──────┴──────────────┴────────┘   kind 3, mark:    epoch │ below
///                                                  kind 4, accounts: epoch │ a change, to the end
///
/// Numbers without a width are varints. The CRC is that of all bytes before it. The epoch is the position of the writer's
/// claim: the engine itself has counted it, so that no two owners have the same one.
package enum StreamRecord: Sendable, Hashable {
    /// From here on the stream belongs to the process that wrote this.
    /// - Parameter nonce: differs each time that a process starts, also on the same node.
    case claim(node: String, nonce: UInt64)
    /// Batches with consecutive LSNs, as whole frames of the accepted lane.
    case batches(epoch: StreamPosition, first: LSN, count: Int, frames: [UInt8])
    /// What lies before `below` is in the blocks of the owner, and may be gone at any time from now on.
    case mark(epoch: StreamPosition, below: StreamPosition)
    /// A change of the accounts, in a stream of their own.
    case accounts(epoch: StreamPosition, change: [UInt8])

    static let version: UInt8 = 1
    static let nodeBytesMax = 255

    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.append(Self.version)
        switch self {
        case .claim(let node, let nonce):
            writer.append(UInt8(1))
            writer.appendName(node)
            writer.appendFixed(nonce)
        case .batches(let epoch, let first, let count, let frames):
            writer.append(UInt8(2))
            writer.appendVarint(epoch.value)
            writer.appendVarint(first.value)
            writer.appendVarint(count)
            writer.append(frames)
        case .mark(let epoch, let below):
            writer.append(UInt8(3))
            writer.appendVarint(epoch.value)
            writer.appendVarint(below.value)
        case .accounts(let epoch, let change):
            writer.append(UInt8(4))
            writer.appendVarint(epoch.value)
            writer.append(change)
        }
        writer.appendFixed(CRC32C.checksum(writer.bytes))
        return writer.bytes
    }

    /// Reads a message out of bytes that nobody vouches for.
    package init(decoding bytes: [UInt8]) throws(LogError) {
        let end = bytes.count - 4
        guard end >= 2 else { throw LogError(.malformed, expected: "a message of a stream", found: "\(bytes.count) bytes") }
        var trailer = ByteReader(bytes, end..<bytes.count)
        let checksum = try trailer.fixed(UInt32.self, "CRC")
        let computed = CRC32C.checksum(bytes, in: 0..<end)
        guard checksum == computed else { throw .checksum(of: "the message", expected: checksum, found: computed) }
        var reader = ByteReader(bytes, 0..<end)
        try reader.expectVersion(Self.version)
        let kind = try reader.byte("kind")
        switch kind {
        case 1:
            let node = try reader.name("node", bytesMax: Self.nodeBytesMax)
            self = .claim(node: node, nonce: try reader.fixed(UInt64.self, "nonce"))
            try reader.expectEnd("claim")
        case 2:
            let epoch = StreamPosition(try reader.varint("epoch"))
            let first = LSN(try reader.varint("first LSN"))
            let count = try reader.varint("count")
            guard first.value <= FormatLimits.lsnMax, count >= 1, count <= UInt64(FormatLimits.rawBytesMax) else {
                throw LogError(
                    .overLimit, expected: "an LSN and a count within their limits", found: "LSN \(first.value), count \(count)")
            }
            let frames = reader.rest { Array($0) }
            self = .batches(epoch: epoch, first: first, count: Int(count), frames: frames)
        case 3:
            let epoch = StreamPosition(try reader.varint("epoch"))
            self = .mark(epoch: epoch, below: StreamPosition(try reader.varint("below")))
            try reader.expectEnd("mark")
        case 4:
            let epoch = StreamPosition(try reader.varint("epoch"))
            self = .accounts(epoch: epoch, change: reader.rest { Array($0) })
        default:
            throw LogError(.unsupportedVersion, expected: "a claim, batches, a mark or a change of accounts", found: "kind \(kind)")
        }
    }
}
