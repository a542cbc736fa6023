import DattssCore
import DattssLog
import Synchronization

/// The first stage: bytes in, an acknowledgement out.
///
///     decode ──► admit ──► group ──► write ──► answer
///
/// A batch is decoded, checked against the limits and handed to the log; the answer comes when it is written. All of this
/// up to the log happens where the bytes arrive, on as many cores as they arrive on: Ingest keeps nothing of its own, and
/// everything that has to be decided in one place is decided in the user's ``UserEntry/admission``.
struct Ingest: Sendable {
    let directory: UserDirectory
    let writeAhead: Link<WriteAhead>
    let clock: any WallClock
    let limits: Limits
    var counters = Counters()

    /// The same with books of its own, for what the server itself sends.
    var withOwnCounters: Ingest {
        var own = self
        own.counters = Counters()
        return own
    }

    /// How many batches came, and what became of them.
    final class Counters: Sendable {
        private let counters = Mutex(IngestCounters())

        var snapshot: IngestCounters { counters.withLock { $0 } }

        func note(_ answer: IngestAnswer, _ totals: BatchTotals = BatchTotals(batches: 1)) {
            counters.withLock { $0.note(answer, totals) }
        }
    }

    // MARK: Deciding

    /// The batch that a body holds: JSON, not compressed any more.
    func decode(_ body: UnsafeRawBufferPointer, paths: inout NameCache) throws(WireError) -> Batch {
        do throws(WireError) {
            guard body.count <= limits.bodyBytes else {
                throw WireError(.bodyTooLarge, "the body has \(body.count) bytes, at most \(limits.bodyBytes) are allowed")
            }
            return try BatchDecoder.decode(body, limits: limits, paths: &paths)
        } catch {
            counters.note(.refused(error))
            throw error
        }
    }

    /// Decides on a batch, and adds it to a group that is to be written if it is to be.
    func admit(_ batch: Batch, of user: UserID, into group: inout BatchGroup) -> BatchVerdict {
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
        guard case .admitted(let ids) = verdict else {
            user.link.cancel(reserved: weight)
            return try answer(to: verdict, batch)
        }
        let record = BatchCodec.encode(user: user.id, batch: batch)
        group.append(WriteAhead.Pending(user: user, batch: batch, ids: ids, record: record, weight: weight))
        return .grouped
    }

    private func answer(to verdict: Admission.Verdict, _ batch: Batch) throws(WireError) -> BatchVerdict {
        switch verdict {
        case .admitted, .duplicate:
            counters.note(.duplicate)
            return .answered(.duplicate)
        case .pending:
            return .copyOfPending
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

    // MARK: Writing

    /// Hands a group to the log. `answer` is told once what became of all of it: it is written, or none of it counts.
    func write(_ group: BatchGroup, collectedIn minute: Minute? = nil, answer: @escaping @Sendable (IngestAnswer) -> Void) {
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

    /// The first copy of this batch is being written. The log answers in order: what it says behind that copy holds.
    func answerOfFirstCopy(of batch: Batch, of user: UserID) async -> IngestAnswer {
        let admission = directory.entry(for: user, limits: limits).admission
        var isPending: Bool { admission.withLock { admission in batch.origin.map { admission.isPending($0) } ?? false } }
        // It may not even have been offered to the log yet: then the answer comes with a later barrier.
        repeat { guard await passBarrier() else { break } } while isPending
        // (A log that is closed says nothing of what is under way: there is no waiting for it, and the client asks again.)
        let isCommitted = admission.withLock { admission in batch.origin.map { admission.isCommitted($0) } ?? false }
        let lost = WireError(.logUnavailable, "the first copy of this batch could not be written; send it again")
        let answer: IngestAnswer =
            if isCommitted { .duplicate } else { .refused(writeAhead.ledger.isClosed ? .shuttingDown : lost) }
        counters.note(answer)
        return answer
    }

    /// Waits for the log to answer everything that it was given before.
    /// - Returns: false, at once, when the log takes nothing in any more.
    private func passBarrier() async -> Bool {
        await withCheckedContinuation { passed in
            if !writeAhead.signal(.barrier(passed)) { passed.resume(returning: false) }
        }
    }

    // MARK: One batch

    /// Takes in a batch that is already decoded, of a user who is already known: what the UDP port collected.
    func accept(_ batch: Batch, of user: UserID) async -> IngestAnswer {
        var group = BatchGroup()
        let verdict = admit(batch, of: user, into: &group)
        return await answer(of: verdict, group, batch, user)
    }

    /// - Parameter group: of this batch alone, if it is to be written.
    private func answer(of verdict: BatchVerdict, _ group: BatchGroup, _ batch: Batch, _ user: UserID) async -> IngestAnswer {
        switch verdict {
        case .grouped:
            return await withCheckedContinuation { reply in
                write(group) { reply.resume(returning: $0) }
            }
        case .answered(let answer): return answer
        case .copyOfPending: return await answerOfFirstCopy(of: batch, of: user)
        }
    }

    /// Decides on as much of a batch as fits under the user's limit of statistics.
    func admitFitting(_ batch: Batch, of user: UserID, into group: inout BatchGroup) -> (BatchVerdict, fitting: Batch) {
        var fitting = batch
        fitting.partials = directory.entry(for: user, limits: limits).admission
            .withLock { $0.fitting(batch.partials, limits: limits) }
        return (fitting.partials.isEmpty ? .answered(.accepted) : admit(fitting, of: user, into: &group), fitting)
    }

    /// Takes in as much of a batch as fits under the user's limit of statistics.
    func acceptFitting(_ batch: Batch, of user: UserID) async -> FittingOutcome {
        var group = BatchGroup()
        let (verdict, fitting) = admitFitting(batch, of: user, into: &group)
        let answer = await answer(of: verdict, group, fitting, user)
        return FittingOutcome(answer: answer, unfittingPartials: batch.partials.count - fitting.partials.count)
    }
}

extension WireError {
    static let shuttingDown = WireError(.shuttingDown, "the server is shutting down")
}
