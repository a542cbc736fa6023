import DattssCore
import DattssLog

/// What the world was told, and may therefore rely upon, over all lives of a log.
struct Promises {
    /// Every batch that was ever offered, with the minute in which it was.
    private(set) var minutes: [Int: Minute] = [:]
    /// Synced: they survive everything.
    private(set) var acknowledged: Set<Int> = []
    /// Appended, but not synced.
    private var unsynced: Set<Int> = []
    /// Their append threw. What of them is on disk is not known until the lane could repair itself.
    private var refused: Set<Int> = []
    /// Taken back, but that is not synced.
    private var withdrawn: Set<Int> = []
    /// Not there, and never again.
    private(set) var absent: Set<Int> = []
    /// Blocks and checkpoints that were ever handed to the lane.
    private var written: Set<Fingerprint> = []

    /// The history may have forgotten days before this one.
    var horizon = Int64.min

    mutating func offer(_ batches: [Int], in minute: Minute) {
        for batch in batches { minutes[batch] = minute }
    }

    mutating func appended(_ batches: [Int]) {
        unsynced.formUnion(batches)
        // An append begins by mending what earlier ones left behind.
        withdrawn.formUnion(refused)
        refused = []
    }

    /// An import goes another way, of which nobody is told before it is synced.
    mutating func imported(_ batches: [Int]) { acknowledged.formUnion(batches) }

    mutating func refused(_ batches: [Int]) { refused.formUnion(batches) }

    mutating func synced() {
        acknowledged.formUnion(unsynced)
        absent.formUnion(withdrawn)
        (unsynced, withdrawn) = ([], [])
    }

    mutating func offered(_ block: MinuteBlock) { written.insert(Fingerprint(block)) }
    mutating func offered(_ checkpoint: Checkpoint) { written.insert(Fingerprint(checkpoint)) }

    /// Holds what a log gave back against what was promised, and promises from now on what it gave back.
    /// - Parameter isKilled: the process ended, but the machine went on.
    /// - Returns: the promises that are broken.
    mutating func judge(_ restored: RestoredState, isKilled: Bool) throws -> [String] {
        var problems = restored.problems
        for item in restored.items where !written.contains(item) { problems.append("a block or checkpoint that nobody wrote") }
        check(restored.counted, "status", acknowledged.union(isKilled ? unsynced : []), isKilled, &problems)
        // What the history knows, and what replay will add to it.
        var series = try restored.historyTally(of: minutes)
        series.add(restored.uncovered)
        let horizon = horizon
        let kept = acknowledged.filter { (minutes[$0]?.day ?? .min) >= horizon }
        check(series, "history", kept, isKilled, &problems)

        let found = Set(restored.counted.counts.keys)
        acknowledged.formUnion(found)
        absent.formUnion(Set(minutes.keys).subtracting(found))
        (unsynced, refused, withdrawn) = ([], [], [])
        return problems
    }

    private func check(_ tally: Tally, _ what: String, _ required: Set<Int>, _ isKilled: Bool, _ problems: inout [String]) {
        let found = Set(tally.counts.keys)
        let twice = tally.counts.filter { $0.value > 1 }.keys.sorted()
        let lost = required.subtracting(found).sorted()
        let impossible = absent.union(isKilled ? withdrawn : [])
        let wrong = found.filter { minutes[$0] == nil || impossible.contains($0) }.sorted()
        if !twice.isEmpty { problems.append("\(what): batches counted twice: \(twice)") }
        if !lost.isEmpty { problems.append("\(what): batches lost: \(lost)") }
        if !wrong.isEmpty { problems.append("\(what): batches that cannot be there: \(wrong)") }
    }
}

/// What a recovery rebuilds, as far as the campaigns look at it.
struct RestoredState: RecoveryHandler {
    /// In checkpoint and blocks.
    private(set) var closed = Tally()
    /// In batches that no block covers.
    private(set) var uncovered = Tally()
    /// The uncovered batches by their minutes, each with the LSN of the minute's last.
    private(set) var open: [(minute: Minute, batches: Tally, through: LSN)] = []
    private(set) var items: [Fingerprint] = []
    private(set) var problems: [String] = []
    private var lastLSN = LSN.zero
    private(set) var digest = Fingerprint()
    var history: History?

    var counted: Tally {
        var counted = closed
        counted.add(uncovered)
        return counted
    }

    mutating func restore(_ checkpoint: Checkpoint) {
        note(Fingerprint(checkpoint))
        for user in checkpoint.users {
            for total in user.totals { closed.add(sum: total.totals.sum, of: total.key, user: user.user) }
        }
    }

    mutating func restore(_ block: MinuteBlock) {
        note(Fingerprint(block))
        for user in block.users {
            for partial in user.aggregates { closed.add(sum: partial.aggregate.sum, of: partial.key, user: user.user) }
        }
    }

    mutating func restore(_ accepted: AcceptedBatch, isCovered: Bool) {
        digest.mix(Fingerprint(accepted))
        if accepted.lsn <= lastLSN { problems.append("LSN \(accepted.lsn) after \(lastLSN)") }
        lastLSN = accepted.lsn
        guard !isCovered else { return }
        var tally = Tally()
        for partial in accepted.batch.partials {
            tally.add(sum: partial.aggregate.sum, of: partial.key, user: accepted.user)
        }
        uncovered.add(tally)
        if open.last?.minute != accepted.at.minute { open.append((accepted.at.minute, Tally(), accepted.lsn)) }
        open[open.count - 1].batches.add(tally)
        open[open.count - 1].through = accepted.lsn
    }

    private mutating func note(_ item: Fingerprint) {
        items.append(item)
        digest.mix(item)
    }

    /// What is in the history over all minutes in which a batch was offered. An hour is where it begins.
    func historyTally(of batches: [Int: Minute]) throws -> Tally {
        var tally = Tally()
        guard let history, let earliest = batches.values.min(), let last = batches.values.max() else { return tally }
        let first = Minute(earliest.index.flooredQuotient(by: 60) * 60)
        for user in Tally.users {
            for key in Tally.keys(through: batches.keys.max() ?? 0) {
                for point in try history.read(user: user, key: key, minutes: first..<last.advanced(by: 1)).points {
                    tally.add(sum: point.aggregate.sum, of: key, user: user)
                }
            }
        }
        return tally
    }
}
