import DattssCore
import DattssLog
import DattssTestSupport

/// What a recovery of a damaged log gave back, held against what was written.
///
/// Always: nothing that was not written, nothing twice, nothing out of order; and everything whose frames are whole. What of
/// the rest came back as well is counted.
struct Judgement {
    /// What breaks a promise. Empty is good.
    private(set) var problems: [String] = []
    /// Those that no block or checkpoint contains.
    private(set) var missingBatches = 0
    private(set) var missingItems = 0
    private(set) var missingPoints = 0
    private(set) var isFlagged = false
    private(set) var report: RecoveryReport?
    private(set) var calls = Recording()

    /// Whether all is as it was written.
    var isExact: Bool { problems.isEmpty && missingBatches + missingItems + missingPoints == 0 }
    /// Whether something is missing and nobody was told.
    var isSilent: Bool { !isFlagged && !isExact }

    private let log: WrittenLog
    private let intact: Set<WrittenLog.Content>
    private let isPartDamaged: [Bool]

    /// Recovers `damaged`, which mends its end.
    init(of damaged: SimulatedFileSystem, from log: WrittenLog) {
        self.log = log
        let intactFrames = log.intactFrames(on: damaged)
        intact = Set(intactFrames.map(\.content))
        var wholeParts = [Int](repeating: 0, count: log.items.count)
        for frame in intactFrames { if case .part(let item) = frame.content { wholeParts[item] += 1 } }
        var allParts = [Int](repeating: 0, count: log.items.count)
        for frame in log.frames { if case .part(let item) = frame.content { allParts[item] += 1 } }
        isPartDamaged = zip(wholeParts, allParts).map { $0 < $1 }
        do {
            let (calls, report) = try recover(damaged)
            self.calls = calls
            self.report = report
            isFlagged = !(report.corrupt.isEmpty && report.tornTails.isEmpty)
            judgeBatches()
            judgeItems()
            judgeCoverage()
            try judgeHistory(report.history)
        } catch {
            problems.append("the log cannot be read: \(error)")
        }
    }

    private mutating func judgeBatches() {
        let found = positions(of: calls.batches.map { Fingerprint($0) }, in: log.batchFingerprints, "batch")
        let required = intact.reduce(into: Set<Int>()) { required, content in
            if case .batches(let range) = content { required.formUnion(range) }
        }
        complain("batches lost", required.subtracting(found))
        let through = report?.through ?? .zero
        missingBatches = Set(log.batches.indices).subtracting(found).count { log.batches[$0].lsn > through }
    }

    /// A checkpoint stands for the blocks before it.
    private mutating func judgeItems() {
        let checkpoint = positions(of: calls.checkpoints.map { Fingerprint($0) }, in: log.itemFingerprints, "checkpoint").last
        let found = positions(of: calls.blocks.map { Fingerprint($0) }, in: log.itemFingerprints, "block")
        let newest = log.items.indices.last { log.isCheckpoint($0) && !isPartDamaged[$0] }
        if calls.checkpoints.count > 1 { problems.append("\(calls.checkpoints.count) checkpoints") }
        if let newest, checkpoint.map({ $0 < newest }) ?? true { problems.append("checkpoint \(newest) lost") }
        let after = log.items.indices.filter { $0 > (checkpoint ?? -1) && !log.isCheckpoint($0) }
        complain("blocks lost", Set(after.filter { !isPartDamaged[$0] }).subtracting(found))
        complain("blocks from before the checkpoint", Set(found).subtracting(after))
        let newestWritten = log.items.indices.last { log.isCheckpoint($0) }
        missingItems = after.count - found.count + (checkpoint == newestWritten ? 0 : 1)
    }

    /// A batch that a restored block contains must not count again, and one that no block ever contained must count.
    private mutating func judgeCoverage() {
        let restored = max(
            calls.blocks.compactMap(\.through).max() ?? .zero, calls.checkpoints.map(\.through).max() ?? .zero)
        let written = log.items.compactMap(\.through).max() ?? .zero
        let through = report?.through ?? .zero
        if through < restored || through > written { problems.append("covered up to \(through), restored \(restored)") }
        if missingItems == 0, through != written { problems.append("covered up to \(through), written \(written)") }
        let covered = calls.batches.map(\.lsn).filter { $0 <= through }
        if calls.covered != covered { problems.append("\(calls.covered.count) batches are covered, not \(covered.count)") }
    }

    private mutating func judgeHistory(_ history: History) throws {
        for question in log.questions {
            let slice = try history.read(user: question.user, key: question.key, minutes: log.minutes)
            let found = positions(
                of: slice.points.map { Fingerprint($0) }, in: question.points.map(\.fingerprint), "point of \(question.key)")
            let required = question.points.indices.filter { !isPartDamaged[question.points[$0].item] }
            complain("points of \(question.key) lost", Set(required).subtracting(found))
            missingPoints += question.points.count - found.count
        }
        if history.corruptFrameReads > 0 { isFlagged = true }
    }

    /// Where each value is among those that were written; they must ascend.
    private mutating func positions(of found: [Fingerprint], in written: [Fingerprint], _ what: String) -> [Int] {
        var positions: [Int] = []
        var next = 0
        for fingerprint in found {
            if let position = written[next...].firstIndex(of: fingerprint) {
                positions.append(position)
                next = position + 1
            } else if written.contains(fingerprint) {
                problems.append("a \(what) twice, or out of order")
            } else {
                problems.append("a \(what) that nobody wrote")
            }
        }
        return positions
    }

    private mutating func complain(_ what: String, _ positions: Set<Int>) {
        if !positions.isEmpty { problems.append("\(what): \(positions.sorted())") }
    }
}
