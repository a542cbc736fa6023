internal import DattssCore

/// Owns a stream and writes to it: does what ``StreamOwner`` says, with a stream and its pauses.
///
/// One message is under way at a time: whoever appends waits for what becomes of the one before.
package actor StreamWriter {
    package nonisolated let stream: any ReplicatedStream
    private var owner: StreamOwner

    /// - Parameters:
    ///   - node: the name of this machine, for people.
    ///   - nonce: differs each time that a process starts.
    package init(_ stream: any ReplicatedStream, node: String, nonce: UInt64) {
        self.stream = stream
        owner = StreamOwner(node: node, nonce: nonce)
    }

    private enum End {
        case written(StreamPosition)
        case claimed(StreamPosition)
        case outrun
        case deposed(StreamOwner.Deposition)
    }

    // MARK: Owning

    private static let attemptsMax = 10

    /// Makes the stream this process's own. Whoever owned it before can write no more.
    /// - Returns: the position of the claim: everything up to it is to be replayed, then ``noteReplayed()``.
    /// - Throws: when others are always faster, or the engine cannot be asked.
    package func claim() async throws(LogError) -> StreamPosition {
        for _ in 0..<Self.attemptsMax {
            let last = try await stream.bounds().last
            if case .claimed(let position) = await drive(owner.take(.claim(last: last)), onUncertain: {}) { return position }
        }
        throw LogError(
            .refused, expected: "to be the only one that wants \(stream.name)",
            found: "others that were faster \(Self.attemptsMax) times")
    }

    package func noteReplayed() { _ = owner.take(.replayed) }

    // MARK: Writing

    /// Stores a change of the accounts; one is under way at a time.
    /// - Returns: when it is certain what became of it, which may take as long as the engine is away.
    package func store(_ change: [UInt8]) async -> PendingAppend.Outcome {
        outcome(of: await drive(owner.take(.store(change: change)), onUncertain: {}))
    }

    /// The last position of the stream as far as it is certain; nil while a message is under way, or when another one owns it.
    package var end: StreamPosition? { owner.isReady ? owner.last : nil }

    /// - Parameter mark: what lies before it is in blocks, which is said first.
    fileprivate func append(
        first: LSN, count: Int, frames: [UInt8], mark: StreamPosition?, onUncertain: @Sendable () -> Void
    ) async -> PendingAppend.Outcome {
        if let mark, case .deposed = await drive(owner.take(.retire(below: mark)), onUncertain: onUncertain) {
            // What became of the mark does not matter; the batches were never sent.
            return .notWritten(deposition)
        }
        return outcome(of: await drive(owner.take(.append(first: first, count: count, frames: frames)), onUncertain: onUncertain))
    }

    private func outcome(of end: End) -> PendingAppend.Outcome {
        switch end {
        case .written(let position): return .written(position)
        case .deposed(.unknown): return .unknown(deposition)
        case .deposed(.notWritten), .claimed, .outrun: return .notWritten(deposition)
        }
    }

    private var deposition: String { "another server owns the accepted log \(stream.name) now" }

    private func drive(_ first: StreamOwner.Action, onUncertain: @Sendable () -> Void) async -> End {
        var action = first
        var isTold = false
        func tellOnce() {
            if !isTold { onUncertain() }
            isTold = true
        }
        while true {
            switch action {
            case .publish(let publication):
                let answer = await stream.publish(publication)
                if answer == .missing {
                    tellOnce()
                    await stream.pause()
                }
                action = owner.take(answer.input(to: publication))
            case .read(let position):
                let found = await stream.find(position)
                if found == .unanswered { tellOnce() }
                if found == .nothing || found == .unanswered { await stream.pause() }
                action = owner.take(.read(position, found))
            case .replay(let claim): return .claimed(claim)
            case .written(let publication): return .written(publication.place)
            case .purge(let below):
                await stream.purge(below: below)
                return .written(below)
            case .outrun: return .outrun
            case .deposed(let deposition): return .deposed(deposition)
            case .none: preconditionFailure("an answer to nothing that was asked")
            }
        }
    }
}

extension StreamAnswer {
    fileprivate func input(to publication: StreamOwner.Publication) -> StreamOwner.Input {
        switch self {
        case .stored(let position): .acknowledged(id: publication.id, at: position)
        case .refused: .refused(id: publication.id)
        case .missing: .unanswered(id: publication.id)
        }
    }
}

/// Batches on their way to a stream, for whoever has the time to wait for what becomes of them.
package struct PendingAppend: Sendable {
    let writer: StreamWriter
    let first: LSN
    let count: Int
    let frames: [UInt8]
    let mark: StreamPosition?

    /// What became of them.
    package enum Outcome: Sendable, Hashable {
        case written(StreamPosition)
        /// They are not in the stream and never will be. The text says why.
        case notWritten(String)
        /// Nobody knows, and nothing more can be found out.
        case unknown(String)
    }

    /// Returns when it is certain what became of them, which may take as long as the engine is away.
    /// - Parameter onUncertain: told once when an answer is missing: the senders should not be kept waiting any longer.
    package func run(onUncertain: @escaping @Sendable () -> Void) async -> Outcome {
        await writer.append(first: first, count: count, frames: frames, mark: mark, onUncertain: onUncertain)
    }
}
