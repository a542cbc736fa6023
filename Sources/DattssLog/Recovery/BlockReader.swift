package import DattssCore

/// Decodes whole blocks and checkpoints out of their parts. A part that is there several times is read from the first
/// place where it is readable.
final class BlockReader {
    private let payloads: PayloadReader
    private let blocks: BlockPayloads

    init(fileSystem: any FileSystem, directory: String) {
        payloads = PayloadReader(.minutes, fileSystem: fileSystem, directory: directory)
        blocks = BlockPayloads(fileSystem: fileSystem, directory: directory)
    }

    /// nil when a part cannot be read, which `findings` then tells.
    func block(_ location: BlockLocation, _ findings: inout [Finding]) throws(LogError) -> MinuteBlock? {
        var block = MinuteBlock(minute: location.header.minute, through: location.header.through, users: [])
        for part in location.parts {
            let users = try first(of: part, &findings) { (copy) throws(LogError) in try blocks.users(of: copy) }
            guard let users else { return nil }
            block.append(part: users)
        }
        return block
    }

    /// nil when a part cannot be read, which `findings` then tells.
    func checkpoint(_ location: BlockLocation, _ findings: inout [Finding]) throws(LogError) -> Checkpoint? {
        var checkpoint = Checkpoint(
            at: location.header.minute.start, through: location.header.through ?? .zero, users: [])
        for part in location.parts {
            let decoded = try first(of: part, &findings) { (copy) throws(LogError) in
                let decoded = try CheckpointCodec.decode(try payloads.payload(of: copy))
                try copy.header.expect(statistics: decoded.users.reduce(0) { $0 + $1.totals.count })
                return decoded
            }
            guard let decoded else { return nil }
            checkpoint.at = decoded.at
            CheckpointCodec.append(decoded.users, to: &checkpoint.users)
        }
        return checkpoint
    }

    private func first<Value>(
        of copies: [FrameLocation], _ findings: inout [Finding],
        _ decode: (FrameLocation) throws(LogError) -> Value
    ) throws(LogError) -> Value? {
        for copy in copies {
            do throws(LogError) {
                return try decode(copy)
            } catch {
                findings.append(try Finding(copy, error, path: payloads.path(of: copy)))
            }
        }
        return nil
    }
}

extension MinuteBlock {
    /// Takes in what the next part holds, whose first user may continue the last one: a user that is too large for a part is sliced.
    package mutating func append(part users: [UserMinute]) {
        for user in users {
            if self.users.last?.user == user.user {
                self.users[self.users.count - 1].aggregates += user.aggregates
                self.users[self.users.count - 1].clients += user.clients
            } else {
                self.users.append(user)
            }
        }
    }
}

extension FrameHeader {
    func expect(statistics count: Int) throws(LogError) {
        guard count == Int(recordCount) else {
            throw LogError(.malformed, expected: "\(recordCount) statistics in the payload", found: "\(count)")
        }
    }
}
