import DattssCore

/// Turns the partials of a period into batches that a server accepts by their size, and numbers them 1, 2, 3, ….
struct PushNumbering: Sendable {
    let client: String
    let process: String?
    private let limits: Limits
    private var sequence: Int64 = 0

    init(client: String, process: String?, limits: Limits = Limits()) {
        self.client = client
        self.process = process
        self.limits = limits
    }

    /// One batch, unless there are more partials or bytes than one may have. A single partial is never too large.
    mutating func pushes(of partials: [Partial], uptimeSeconds: Double, reportedDrops: Int64 = 0) -> [Push] {
        var partials = partials
        if reportedDrops > 0 {
            let key = StatisticKey(.counter, "dattss.client.dropped")
            partials.insert(Partial(key, Aggregate(sample: Double(reportedDrops))), at: 0)
        }
        var pushes: [Push] = []
        append(partials[...], uptimeSeconds, to: &pushes)
        if reportedDrops > 0 {
            pushes[0].reportedDrops = reportedDrops
            pushes[0].samples -= 1
        }
        return pushes
    }

    private mutating func append(_ partials: ArraySlice<Partial>, _ uptimeSeconds: Double, to pushes: inout [Push]) {
        guard !partials.isEmpty else { return }
        if partials.count <= limits.partialsPerBatch {
            let batch = Batch(
                partials: Array(partials), origin: Batch.Origin(client: client, sequence: sequence + 1), process: process,
                uptimeSeconds: uptimeSeconds)
            let body = BatchEncoder.encode(batch)
            if body.count <= limits.bodyBytes || partials.count == 1 {
                sequence += 1
                let samples = partials.reduce(Int64(0)) { $0.saturatingAdd($1.aggregate.count) }
                pushes.append(Push(sequence: sequence, body: body, samples: samples))
                return
            }
        }
        let middle = partials.startIndex + partials.count / 2
        append(partials[..<middle], uptimeSeconds, to: &pushes)
        append(partials[middle...], uptimeSeconds, to: &pushes)
    }
}
