public import DattssCore

/// What becomes of a batch.
public enum IngestAnswer: Sendable, Hashable {
    /// It is in the log, and will be counted whatever happens.
    case accepted
    /// It was accepted before, and is not counted again.
    case duplicate
    /// Nothing of it was taken in; or, for the reason ``WireError/Reason/outcomeUnknown``, nobody knows.
    case refused(WireError)
}

/// How many batches and partials came in, and why others did not.
public struct IngestCounters: Sendable, Hashable {
    /// Batches that were acknowledged.
    public var acceptedBatches = 0
    /// The partials of accepted batches.
    public var acceptedPartials = 0
    /// Samples that the accepted partials stand for.
    public var acceptedSamples: Int64 = 0
    /// Batches that came again after they had been accepted.
    public var duplicateBatches = 0
    /// Batches of which nothing was taken in, by reason.
    public var refusedBatches: [WireError.Reason: Int] = [:]

    mutating func note(_ answer: IngestAnswer, _ totals: BatchTotals) {
        switch answer {
        case .accepted:
            acceptedBatches += totals.batches
            acceptedPartials += totals.partials
            acceptedSamples = acceptedSamples.saturatingAdd(totals.samples)
        case .duplicate:
            duplicateBatches += totals.batches
        case .refused(let error):
            refusedBatches[error.reason, default: 0] += totals.batches
        }
    }
}

/// What is counted of batches that are answered together.
struct BatchTotals: Sendable, Hashable {
    var batches = 0
    var partials = 0
    /// Samples that the partials stand for.
    var samples: Int64 = 0

    mutating func add(_ batch: Batch) {
        batches += 1
        partials += batch.partials.count
        // (By position: to look at a partial would copy it.)
        for position in batch.partials.indices {
            samples = samples.saturatingAdd(batch.partials[position].aggregate.count)
        }
    }
}
