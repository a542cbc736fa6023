import DattssCore

extension Bundles {
    /// The bodies of `PUT /agg`, each behind the last line of its request's head, `Content-Length`; the lines before it say
    /// whose it is (``RequestHeads``).
    static func bodies(_ stream: LoadStream) throws -> Bundles {
        var writer = BundleWriter(stream)
        var numbers = LoadNumbers(seed: 1)
        for bundle in 0..<writer.count {
            let partials = writer.statistics(ofBundle: bundle).map { partial($0, stream, &numbers) }
            let body = BatchEncoder.encode(Batch(partials: partials))
            try writer.append(Array("Content-Length: \(body.count)\r\n\r\n".utf8) + body)
            writer.note(partials.map { ($0.aggregate.count, $0.aggregate.sum) })
        }
        return writer.finish()
    }

    private static func partial(_ key: StatisticKey, _ stream: LoadStream, _ numbers: inout LoadNumbers) -> Partial {
        var accumulator = SampleAccumulator()
        for _ in 0..<stream.samplesPerPartial { accumulator.add(numbers.value(of: key.kind)) }
        // There is at least one sample.
        var aggregate = accumulator.partial(of: key.kind) ?? Aggregate(sample: 0)
        if !stream.hasSketches { aggregate.packedSketch = nil }
        return Partial(key, aggregate)
    }

    /// Queries have no body: their head is all there is.
    static func queries(_ stream: LoadStream) throws -> Bundles {
        var shape = stream
        (shape.paths, shape.bundleSize) = (1, 1)
        var writer = BundleWriter(shape)
        try writer.append("\r\n".utf8)
        writer.note([(0, 0)])
        return writer.finish()
    }
}

/// The head of each user's request, but for its last line.
enum RequestHeads {
    static func make(_ stream: LoadStream, host: String, keys: ArraySlice<String>) -> [[UInt8]] {
        let target = stream.transport == .query ? "GET \(stream.query)" : "PUT /agg"
        return keys.map { Array("\(target) HTTP/1.1\r\nHost: \(host)\r\nAuthorization: Bearer \($0)\r\n".utf8) }
    }
}
