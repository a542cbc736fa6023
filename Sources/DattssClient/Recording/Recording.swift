public import DattssCore

extension Dattss {
    /// Adds a sample as people write it: `stats.agg("routes.get", "1c")`, `"153ms"`, `"23g"`; a `!` behind it asks
    /// the dashboard to emphasise the statistic.
    public func agg(_ path: String, _ sample: String) {
        guard let sample = try? SampleValue(sample) else { return recorder.drop(1, .badSample) }
        recorder.add(sample, to: path)
    }

    /// Adds a sample whose text was read already, or never was one.
    public func add(_ sample: SampleValue, to path: String) {
        recorder.add(sample, to: path)
    }

    /// Counts something that happened, `amount` times or with a size: `stats.count("bytes", by: 512)`.
    public func count(_ path: String, by amount: Double = 1, emphasised: Bool = false) {
        recorder.add(SampleValue(value: amount, kind: .counter, isEmphasised: emphasised), to: path)
    }

    /// Notes how long something took, in milliseconds.
    public func time(_ path: String, milliseconds: Double, emphasised: Bool = false) {
        recorder.add(SampleValue(value: milliseconds, kind: .timer, isEmphasised: emphasised), to: path)
    }

    /// Notes how much there is of something: its level, and not by how much it changed.
    public func gauge(_ path: String, _ value: Double, emphasised: Bool = false) {
        recorder.add(SampleValue(value: value, kind: .gauge, isEmphasised: emphasised), to: path)
    }

    /// Notes how long `body` takes, also when it throws.
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws.
    public func measure<Result, Failure: Error>(
        _ path: String, emphasised: Bool = false, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let start = ContinuousClock.now
        defer { note(path, since: start, emphasised) }
        return try body()
    }

    /// Notes how long `body` takes, with all its waiting, also when it throws.
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws.
    public func measure<Result, Failure: Error>(
        isolation: isolated (any Actor)? = #isolation,
        _ path: String, emphasised: Bool = false, _ body: () async throws(Failure) -> sending Result
    ) async throws(Failure) -> sending Result {
        let start = ContinuousClock.now
        defer { note(path, since: start, emphasised) }
        return try await body()
    }

    private func note(_ path: String, since start: ContinuousClock.Instant, _ emphasised: Bool) {
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        time(path, milliseconds: Double(seconds) * 1e3 + Double(attoseconds) / 1e15, emphasised: emphasised)
    }
}
