public import DattssCore

/// What becomes of a batch.
public enum IngestAnswer: Sendable, Hashable {
    /// It is in the log, and will be counted whatever happens.
    case accepted
    /// It was accepted before, and is not counted again.
    case duplicate
    /// Nothing of it was taken in.
    case refused(WireError)
}

/// What becomes of a batch of which only a part may fit.
public struct FittingOutcome: Sendable, Hashable {
    public var answer: IngestAnswer
    /// Partials of statistics beyond the user's limit.
    public var unfittingPartials: Int
}

/// How many batches and partials came in, and why others did not.
public struct IngestCounters: Sendable, Hashable {
    public var acceptedBatches = 0
    public var acceptedPartials = 0
    /// Samples that the accepted partials stand for.
    public var acceptedSamples: Int64 = 0
    public var duplicateBatches = 0
    public var refusedBatches: [WireError.Reason: Int] = [:]

    mutating func note(_ answer: IngestAnswer, _ batch: Batch?) {
        switch answer {
        case .accepted:
            acceptedBatches += 1
            acceptedPartials += batch?.partials.count ?? 0
            for partial in batch?.partials ?? [] {
                acceptedSamples = acceptedSamples.saturatingAdd(partial.aggregate.count)
            }
        case .duplicate:
            duplicateBatches += 1
        case .refused(let error):
            refusedBatches[error.reason, default: 0] += 1
        }
    }
}
