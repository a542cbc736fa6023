import DattssCore
import DattssLog
import LibC
import Logging

/// The stream of the accounts at a start: makes it this server's own, and puts what is in it into the data folder, before anybody is served.
///
/// The secret is in no stream: whoever can read the engine's disks cannot make keys of it. The servers have the same file `secret`, which
/// their operator gives them, and every change carries the secret's fingerprint.
struct ReplicatedAccounts {
    let stream: any ReplicatedStream
    /// The data folder.
    let directory: String
    let logger: Logger

    private static let lookedAtMax: UInt64 = 64

    /// What a secret is known by.
    static func fingerprint(of secret: [UInt8]) -> [UInt8] {
        Array(SHA256.hash(Array("dattss accounts ".utf8) + secret).bytes.prefix(AccountChange.fingerprintBytes))
    }

    /// Refuses a folder whose secret is not that of the accounts, before it stands by for hours.
    func requireSecret() async throws {
        let bounds = try await stream.bounds()
        var position = bounds.last
        for _ in 0..<Self.lookedAtMax where position >= bounds.first && position > .zero {
            if let message = try await stream.message(from: position), case .accounts(_, let bytes) = message.record {
                return try requireSecret(of: try AccountChange(decoding: bytes).fingerprint)
            }
            position = position.previous
        }
    }

    private func requireSecret(of fingerprint: [UInt8]) throws {
        let path = directory + "/secret"
        let secret = try SecretFile.read(path)
        if let secret, Self.fingerprint(of: secret) == fingerprint { return }
        throw ServerStartError(
            .badStream, "\(path) is \(secret == nil ? "not there" : "another one") than that of the accounts in \(stream.name)",
            "copy the file 'secret' from the data folder of a server that owned them")
    }

    /// Claims the stream and reads it.
    /// - Parameter mayBegin: whether accounts may begin with those of this folder, or with none.
    /// - Returns: the owned stream; the folder has the accounts that are in it.
    /// - Throws: also when the secret is another one, or what is needed cannot be read.
    func takeOver(node: String, mayBegin: () async throws -> Bool) async throws -> StreamWriter {
        let writer = StreamWriter(stream, node: node, nonce: UInt64.random(in: 1 ... .max))
        let claim = try await writer.claim()
        let found = try await read(through: claim)
        if found.isDamaged {
            throw ServerStartError(
                .badStream, "a change of the accounts in \(stream.name) cannot be read",
                "delete that stream, and start the server first that has the latest accounts.sqlite")
        }
        if let image = found.image, let fingerprint = found.fingerprint {
            try requireSecret(of: fingerprint)
            try restore(image)
        } else if try await !mayBegin() {
            throw ServerStartError(
                .badStream, "the engine has batches, and neither accounts in \(stream.name) nor does \(directory) have any",
                "start the server first that has accounts.sqlite and secret, or copy them from it")
        }
        await writer.noteReplayed()
        return writer
    }

    private func read(through claim: StreamPosition) async throws -> AccountImageReader {
        var reader = AccountImageReader()
        var position = try await stream.bounds().first
        while position < claim {
            guard let message = try await stream.message(from: position) else {
                // Whoever was asked lags behind.
                await stream.pause()
                continue
            }
            if message.position >= claim { break }
            position = message.position.next
            switch message.record {
            case .accounts(_, let bytes):
                do throws(LogError) { try reader.take(try AccountChange(decoding: bytes)) } catch { reader.takeUnreadable() }
            case .claim: reader.takeClaim()
            case nil: reader.takeUnreadable()
            case .batches, .mark: break
            }
        }
        return reader
    }

    // MARK: The folder

    /// The database that the stream has takes the place of the folder's.
    private func restore(_ image: AccountImage) throws {
        let path = directory + "/accounts.sqlite"
        let isFollower = try StreamFile(fileSystem: POSIXFileSystem(), directory: directory).read() != nil
        if !isFollower, rename(path, path + ".replaced") == 0 {
            logger.warning("the accounts of \(stream.name) take the place of the folder's, which are \(path).replaced now")
        }
        for suffix in ["-journal", "-wal", "-shm"] { unlink(path + suffix) }
        try PrivateFile.replace(path, with: image.bytes)
    }
}
