public import DattssCore
import DattssLog
import Synchronization

/// The first stage: bytes in, an acknowledgement out.
///
/// A batch is authenticated, decoded, checked against the limits and handed to the log; the answer comes when it is
/// written. There are several of these actors, so that bodies are decoded on all cores; which one a request goes to does
/// not matter, because everything that has to be decided in one place is decided in the user's ``UserEntry/admission``.
public actor Ingest {
    private let authenticator: any Authenticator
    private let directory: UserDirectory
    private let writeAhead: Link<WriteAhead>
    private let clock: any WallClock
    private let limits: Limits
    private let counters: Counters

    /// The counters that all ingest actors share.
    final class Counters: Sendable {
        private let counters = Mutex(IngestCounters())

        var snapshot: IngestCounters { counters.withLock { $0 } }

        func note(_ answer: IngestAnswer, _ batch: Batch?) {
            counters.withLock { $0.note(answer, batch) }
        }
    }

    init(
        authenticator: any Authenticator, directory: UserDirectory, writeAhead: Link<WriteAhead>, clock: any WallClock,
        limits: Limits, counters: Counters
    ) {
        self.authenticator = authenticator
        self.directory = directory
        self.writeAhead = writeAhead
        self.clock = clock
        self.limits = limits
        self.counters = counters
    }

    /// Takes in the body of a request: JSON, not compressed any more.
    /// - Parameter onDecoded: told the user and the batch before it is written, to note the process that sent it.
    public func accept(
        body: [UInt8], key: String?, onDecoded: @Sendable (UserID, Batch) -> Void = { _, _ in }
    ) async -> IngestAnswer {
        let user: UserID
        let batch: Batch
        do throws(WireError) {
            user = try authenticator.user(presenting: key)
            guard body.count <= limits.bodyBytes else {
                throw WireError(.bodyTooLarge, "the body has \(body.count) bytes, at most \(limits.bodyBytes) are allowed")
            }
            batch = try body.withUnsafeBufferPointer { bytes throws(WireError) in
                try BatchDecoder.decode(UnsafeRawBufferPointer(bytes), limits: limits)
            }
        } catch {
            counters.note(.refused(error), nil)
            return .refused(error)
        }
        onDecoded(user, batch)
        return await accept(batch, of: user)
    }

    /// Takes in a batch that is already decoded, of a user who is already known: what the UDP port collected.
    public func accept(_ batch: Batch, of user: UserID) async -> IngestAnswer {
        let answer: IngestAnswer
        do throws(WireError) {
            answer = try await write(batch, of: directory.entry(for: user, limits: limits))
        } catch {
            answer = .refused(error)
        }
        counters.note(answer, batch)
        return answer
    }

    /// Takes in as much of a batch as fits under the user's limit of statistics.
    func acceptFitting(_ batch: Batch, of user: UserID) async -> FittingOutcome {
        let limits = limits
        var fitting = batch
        fitting.partials = directory.entry(for: user, limits: limits).admission
            .withLock { $0.fitting(batch.partials, limits: limits) }
        let unfitting = batch.partials.count - fitting.partials.count
        let answer = fitting.partials.isEmpty ? .accepted : await accept(fitting, of: user)
        return FittingOutcome(answer: answer, unfittingPartials: unfitting)
    }

    private func write(_ batch: Batch, of user: UserEntry) async throws(WireError) -> IngestAnswer {
        // Room behind the log first: what is written has to get through.
        let weight = max(1, batch.partials.count)
        try Self.check(user.link.reserve(weight), "too much of this user is under way")
        let verdict = user.admission.withLock { $0.admit(batch, at: clock.now(), limits: limits) }
        guard case .admitted(let ids) = verdict else {
            user.link.cancel(reserved: weight)
            return try await answer(to: verdict, batch, user)
        }
        let record = BatchCodec.encode(user: user.id, batch: batch)
        let outcome = await withCheckedContinuation { reply in
            let pending = WriteAhead.Pending(
                user: user, batch: batch, ids: ids, record: record, weight: weight, reply: reply)
            switch writeAhead.offer(.batch(pending), weight: weight) {
            case .admitted: return
            case .refused: pending.fail(WireError(.overloaded, "too much is under way"))
            case .closed: pending.fail(WireError(.shuttingDown, "the server is shutting down"))
            }
        }
        try outcome.get()
        return .accepted
    }

    private func answer(
        to verdict: Admission.Verdict, _ batch: Batch, _ user: UserEntry
    ) async throws(WireError) -> IngestAnswer {
        switch verdict {
        case .admitted, .duplicate:
            return .duplicate
        case .pending:
            return try await answerOfFirstCopy(batch, user)
        case .overStatisticLimit(let live, let limit):
            throw WireError(
                .statisticLimit, "the user would have \(live) live statistics, at most \(limit) are allowed")
        case .sequenceTooOld(let highest):
            throw WireError(
                .staleSequence,
                "seq: is \(batch.origin?.sequence ?? 0), \(SequenceWindow.width) or more behind \(highest), "
                    + "so nobody knows any more whether it was counted")
        }
    }

    /// The first copy of this batch is being written. The log answers in order: what it says behind that copy holds.
    private func answerOfFirstCopy(_ batch: Batch, _ user: UserEntry) async throws(WireError) -> IngestAnswer {
        // It may not even have been offered to the log yet: then the answer comes with a later barrier.
        repeat {
            await withCheckedContinuation { reply in
                if !writeAhead.signal(.barrier(reply)) { reply.resume() }
            }
        } while user.admission.withLock { admission in batch.origin.map { admission.isPending($0) } ?? false }
        let isCommitted = user.admission.withLock { admission in
            batch.origin.map { admission.isCommitted($0) } ?? false
        }
        guard isCommitted else {
            throw WireError(.logUnavailable, "the first copy of this batch could not be written; send it again")
        }
        return .duplicate
    }

    private static func check(_ answer: LinkLedger.Answer, _ reason: String) throws(WireError) {
        switch answer {
        case .admitted: return
        case .refused: throw WireError(.overloaded, reason)
        case .closed: throw WireError(.shuttingDown, "the server is shutting down")
        }
    }
}
