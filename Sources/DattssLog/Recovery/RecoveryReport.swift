public import DattssCore

/// What ``Recovery`` found and did.
public struct RecoveryReport: Sendable {
    /// Readable frame headers, copies included.
    public package(set) var frames = 0
    /// Segments of both lanes.
    public package(set) var segments = 0
    /// Readable files of days and hours.
    public package(set) var sealedFiles = 0
    /// Unfinished files of sealings that were cut off.
    public package(set) var leftoversRemoved = 0
    /// On disk, after torn tails were cut.
    public package(set) var bytes = 0
    /// Handed to the handler.
    public package(set) var batches = 0
    /// Those among them that are contained in a block or checkpoint.
    public package(set) var coveredBatches = 0
    /// Minute blocks that were handed to the handler.
    public package(set) var blocks = 0
    /// Whether a checkpoint was handed to the handler.
    public package(set) var hasCheckpoint = false
    /// Records and blocks that were there more than once.
    public package(set) var duplicatesIgnored = 0
    /// What was cut off the ends of the lanes.
    public package(set) var tornTails: [Finding] = []
    /// What cannot be read. It stays on disk as it is.
    public package(set) var corrupt: [Finding] = []
    /// All accepted batches up to this one are contained in what was restored from blocks and the checkpoint.
    public package(set) var through = LSN.zero
    /// Where the lanes go on.
    public package(set) var accepted = LaneState()
    /// Where the minute lane goes on.
    public package(set) var minutes = LaneState()
    /// The index of the blocks, ready to answer and to be handed to ``MinuteLane``.
    public package(set) var history: History

    init(history: History) { self.history = history }

    /// Counts a batch that came from a replicated stream.
    package mutating func noteBatch(isCovered: Bool) {
        batches += 1
        if isCovered { coveredBatches += 1 }
    }

    /// Takes in what was found in a replicated stream.
    /// - Parameter missing: positions that its owners let go before this folder had them.
    package mutating func noteStream(_ findings: [Finding], missing: ClosedRange<StreamPosition>?, of name: String) {
        corrupt += findings
        guard let missing else { return }
        corrupt.append(
            Finding(
                .corruptFrame, file: name, offset: Int(clamping: missing.lowerBound.value), bytes: 0,
                problem: "messages up to \(missing.upperBound.value) were let go before this folder had them"))
    }

    /// How many bytes were cut off the ends of the lanes.
    public var tornBytes: Int { tornTails.reduce(0) { $0 + $1.bytes } }
}
