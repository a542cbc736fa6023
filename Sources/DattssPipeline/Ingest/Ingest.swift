public import DattssCore
import DattssLog
import Synchronization

/// The first stage: batches in, an acknowledgement out.
///
///     bytes ──► decoder ──► admit ──► group ──► submit ──► answer
///
/// A batch is checked against the limits and handed to the log; the answer comes when it is written. All of this up to the
/// log happens where the bytes arrive, on as many cores as they arrive on: Ingest keeps nothing of its own but its books, and
/// everything that has to be decided in one place is decided in the user's ``UserEntry/admission``.
public struct Ingest: Sendable {
    private let directory: UserDirectory
    private let writeAhead: Link<WriteAhead>
    private let clock: any WallClock
    private let limits: Limits
    private let counters = Counters()

    init(directory: UserDirectory, writeAhead: Link<WriteAhead>, clock: any WallClock, limits: Limits) {
        self.directory = directory
        self.writeAhead = writeAhead
        self.clock = clock
        self.limits = limits
    }

    /// How many batches came, and what became of them.
    private final class Counters: Sendable {
        let counters = Mutex(IngestCounters())

        func note(_ answer: IngestAnswer, _ totals: BatchTotals = BatchTotals(batches: 1)) {
            counters.withLock { $0.note(answer, totals) }
        }
    }

    var snapshot: IngestCounters { counters.counters.withLock { $0 } }

    /// Counts a request that was refused before there was a batch.
    public func noteRefused(_ error: WireError) { counters.note(.refused(error)) }

    // MARK: Admit

    /// Decides on a batch, and adds it to `group` if it is to be written.
    public func admit(_ batch: Batch, of user: UserID, into group: inout BatchGroup) -> BatchVerdict {
        do throws(WireError) {
            let entry = group.latest(user) ?? directory.entry(for: user, limits: limits)
            return try admit(batch, of: entry, into: &group)
        } catch {
            counters.note(.refused(error))
            return .answered(.refused(error))
        }
    }

    private func admit(
        _ batch: Batch, of user: UserEntry, into group: inout BatchGroup
    ) throws(WireError) -> BatchVerdict {
        // Room behind the log first: what is written has to get through.
        let weight = max(1, batch.partials.count)
        switch user.link.reserve(weight) {
        case .admitted: break
        case .refused: throw WireError(.overloaded, "too much of this user is under way")
        case .closed: throw .shuttingDown
        }
        let verdict = user.admission.withLock { $0.admit(batch, at: clock.now(), limits: limits) }
        guard case .admitted(let ids, let ticket) = verdict else {
            user.link.cancel(reserved: weight)
            return try answer(to: verdict, batch, user)
        }
        let record = BatchCodec.encode(user: user.id, batch: batch)
        group.append(WriteAhead.Pending(user: user, batch: batch, ids: ids, ticket: ticket, record: record, weight: weight))
        return .grouped
    }

    private func answer(
        to verdict: Admission.Verdict, _ batch: Batch, _ user: UserEntry
    ) throws(WireError) -> BatchVerdict {
        switch verdict {
        case .admitted, .duplicate:
            counters.note(.duplicate)
            return .answered(.duplicate)
        case .pending(let origin):
            return .copyOfPending(FirstCopy(ingest: self, origin: origin, admission: user.admission))
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

    /// As much of a batch as fits under the user's limit of statistics, for senders that cannot be told to send less.
    public func fitting(_ batch: Batch, of user: UserID) -> Batch {
        var fitting = batch
        fitting.partials = directory.entry(for: user, limits: limits).admission
            .withLock { $0.fitting(batch.partials, limits: limits) }
        return fitting
    }

    // MARK: Submit

    /// Hands a group to the log. `answer` is told once, on any thread, what became of all of it: it is written, or none of it
    /// counts; or, for the reason ``WireError/Reason/outcomeUnknown``, that nobody knows for now.
    /// - Parameter minute: in which its samples came, if they were collected meanwhile: see ``Pipeline/holds``.
    public func submit(
        _ group: BatchGroup, collectedIn minute: Minute? = nil, answer: @escaping @Sendable (IngestAnswer) -> Void
    ) {
        let (totals, counters) = (group.totals, counters)
        let queued = WriteAhead.Group(batches: group.batches, collectedIn: minute) { outcome in
            let result: IngestAnswer =
                switch outcome {
                case .success: .accepted
                case .failure(let error): .refused(error)
                }
            counters.note(result, totals)
            answer(result)
        }
        switch writeAhead.offer(.group(queued), weight: group.weight) {
        case .admitted: return
        case .refused: queued.fail(WireError(.overloaded, "too much is under way"))
        case .closed: queued.fail(.shuttingDown)
        }
    }

    /// Hands a group to the log, and waits for what becomes of all of it.
    public func submit(_ group: BatchGroup, collectedIn minute: Minute? = nil) async -> IngestAnswer {
        await withCheckedContinuation { reply in
            submit(group, collectedIn: minute) { reply.resume(returning: $0) }
        }
    }

    /// Takes in a batch that comes alone: admits it, and hands it to the log. `answer` is told once, on any thread.
    public func submit(_ batch: Batch, of user: UserID, answer: @escaping @Sendable (IngestAnswer) -> Void) {
        var group = BatchGroup()
        switch admit(batch, of: user, into: &group) {
        case .grouped: submit(group, answer: answer)
        case .answered(let known): answer(known)
        case .copyOfPending(let first): Task { answer(await first.answer()) }
        }
    }

    /// The same, and waits for the answer.
    public func submit(_ batch: Batch, of user: UserID) async -> IngestAnswer {
        await withCheckedContinuation { reply in
            submit(batch, of: user) { reply.resume(returning: $0) }
        }
    }
}

// MARK: -

/// The first copy of a batch that came again while that one is still being written.
public struct FirstCopy: Sendable {
    fileprivate let ingest: Ingest
    fileprivate let origin: Batch.Origin
    fileprivate let admission: UserAdmission

    /// What becomes of it, and so of its copies. (The log answers in order: what it says behind that copy holds.)
    public func answer() async -> IngestAnswer { await ingest.answer(of: self) }
}

extension Ingest {
    fileprivate func answer(of copy: FirstCopy) async -> IngestAnswer {
        // It may not even have been offered to the log yet: then the answer comes with a later barrier.
        repeat {
            guard await passBarrier() else { break }
        } while copy.admission.withLock { $0.isPending(copy.origin) }
        // (A log that is closed says nothing of what is under way, nor does a replicated one that is away: there is no waiting for it,
        // and the client asks again.)
        let isCommitted = copy.admission.withLock { $0.isCommitted(copy.origin) }
        let lost = WireError(.logUnavailable, "the first copy of this batch is not written; send it again")
        let answer: IngestAnswer =
            if isCommitted { .duplicate } else { .refused(writeAhead.ledger.isClosed ? .shuttingDown : lost) }
        counters.note(answer)
        return answer
    }

    /// Waits for the log to answer everything that it was given before.
    /// - Returns: false, at once, when the log takes nothing in any more, or does not know for now.
    private func passBarrier() async -> Bool {
        await withCheckedContinuation { passed in
            if !writeAhead.signal(.barrier(passed)) { passed.resume(returning: false) }
        }
    }
}

extension WireError {
    static let shuttingDown = WireError(.shuttingDown, "the server is shutting down")
}
