import DattssCore

extension Bundles {
    /// The bodies of `PUT /agg`, without the brace that opens them: in front of each come the head of its request, its
    /// sender, and the number of the batch (``RequestHead``).
    static func bodies(_ stream: LoadStream) throws -> Bundles {
        var writer = BundleWriter(stream)
        for _ in 0..<writer.count {
            var items: [(statistic: Int, samples: Int, sum: Int64)] = []
            var partials: [Partial] = []
            for statistic in writer.nextStatistics() {
                let key = writer.statistics[statistic]
                let samples = writer.numbers.sampleCount(mean: stream.samplesPerPartial)
                var accumulator = SampleAccumulator()
                var sum: Int64 = 0
                for _ in 0..<samples {
                    let value = writer.numbers.value(of: key.kind, statistic)
                    accumulator.add(value.number)
                    sum += value.thousandths
                }
                // There is at least one sample.
                var aggregate = accumulator.partial(of: key.kind) ?? Aggregate(sample: 0)
                if !stream.hasSketches { aggregate.packedSketch = nil }
                partials.append(Partial(key, aggregate))
                items.append((statistic, samples, sum))
            }
            try writer.append(BatchEncoder.encode(Batch(partials: partials)).dropFirst())
            writer.note(items)
        }
        return writer.finish()
    }

    /// Queries have no body: their head is all there is.
    static func queries(_ stream: LoadStream) throws -> Bundles {
        var shape = stream
        (shape.paths, shape.bundleSize, shape.variety) = (1, 1, 1)
        var writer = BundleWriter(shape)
        try writer.append([])
        writer.note([(0, 0, 0)])
        return writer.finish()
    }
}
