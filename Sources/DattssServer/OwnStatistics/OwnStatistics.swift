import DattssCore
import DattssLog
import DattssPipeline
import Logging
import ServiceLifecycle
import Synchronization

/// Sends the server's own statistics every five seconds, as the user `dattss`, through the pipeline like anybody's.
struct OwnStatistics: Service {
    let pipeline: Pipeline
    let datagrams: DatagramCounters
    let web: WebServices
    let memory: MemoryBudget
    let replaySeconds: Double
    let clock: any WallClock
    let logger: Logger
    /// Whose disk is watched; nil for none.
    var dataDirectory: String?

    private static let periodMilliseconds: Int64 = 5000

    /// One of which there is something in every minute in which the server is up.
    static let everyMinute = StatisticKey(.gauge, "statistics")

    /// How much of the data folder's disk is free to the server.
    static let freeDisk = StatisticKey(.gauge, "disk.free.percent")

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var books = await self.books()
            while !Task.isCancelled {
                let now = clock.now()
                let next = now.milliseconds.flooredQuotient(by: Self.periodMilliseconds) + 1
                let deadline = Timestamp(milliseconds: next * Self.periodMilliseconds)
                do { try await clock.sleep(until: deadline, since: now) } catch { return }
                let earlier = books
                books = await self.books()
                var partials = books.partials(since: earlier)
                partials.append(Partial(StatisticKey(.gauge, "log.replay.seconds"), Aggregate(sample: replaySeconds)))
                if let free = dataDirectory.flatMap({ ResourceUse.freePercent(ofDiskAt: $0) }) {
                    partials.append(Partial(Self.freeDisk, Aggregate(sample: free)))
                }
                let answer = await pipeline.ownIngest.submit(Batch(partials: partials), of: .dattss)
                if case .refused(let error) = answer { logger.warning("the server's own statistics were refused: \(error)") }
            }
        }
    }

    private func books() async -> OwnBooks {
        await OwnBooks(
            pipeline.snapshot(), datagrams.snapshot, web, memory, pipeline.queries.counts,
            kernelDrops: KernelDrops.read(port: datagrams.port.load(ordering: .relaxed)), at: clock.now())
    }
}

/// The server's counters at one moment.
struct OwnBooks: Sendable {
    private var counters: [String: Int64] = [:]
    private var gauges: [String: Double] = [:]
    private var syncMilliseconds: Double?
    private var syncs: Int64
    private let at: Timestamp
    private let use = ResourceUse.current()

    init(
        _ snapshot: PipelineSnapshot, _ datagrams: DatagramCounts, _ web: WebServices, _ memory: MemoryBudget,
        _ queries: TurnCounts, kernelDrops: Int?, at time: Timestamp
    ) {
        at = time
        syncs = Int64(snapshot.accepted.syncs)
        if syncs > 0 { syncMilliseconds = snapshot.accepted.lastSyncDuration / .milliseconds(1) }
        let ingest = snapshot.ingest
        counters["ingest.batches"] = Int64(ingest.acceptedBatches)
        counters["ingest.partials"] = Int64(ingest.acceptedPartials)
        counters["ingest.samples"] = ingest.acceptedSamples
        counters["ingest.duplicates"] = Int64(ingest.duplicateBatches)
        for (reason, count) in ingest.refusedBatches { counters["ingest.refused.\(reason.rawValue)"] = Int64(count) }
        counters["udp.datagrams"] = Int64(datagrams.datagrams)
        counters["udp.samples"] = Int64(datagrams.samples)
        for (reason, count) in datagrams.refusedLines { counters["udp.refused.\(reason.rawValue)"] = Int64(count) }
        let mail = web.mailer.snapshot
        counters["mail.sent"] = Int64(mail.sent)
        counters["mail.failed"] = Int64(mail.failed + mail.refused)
        counters["log.written.bytes"] = Int64(snapshot.accepted.compressedBytes + snapshot.minutes.compressedBytes)
        gauges["log.accepted.bytes"] = Double(snapshot.accepted.bytes)
        gauges["log.minutes.bytes"] = Double(snapshot.minutes.bytes)
        gauges["log.sealed.bytes"] = Double(snapshot.sealed.bytes)
        if let kernelDrops { counters["udp.kernel.dropped"] = Int64(kernelDrops) }
        let clock = snapshot.confirmedTime
        gauges["clock.unconfirmed.seconds"] =
            clock.doubt == nil ? 0 : Double(clock.shown.milliseconds - clock.line.milliseconds) / 1000
        gauges["pipeline.queued"] = Double(snapshot.links.reduce(0) { $0 + $1.ledger.queued })
        gauges["users"] = Double(snapshot.userCount)
        gauges["statistics"] = Double(snapshot.statisticCount)
        gauges["memory.bytes"] = use.residentBytes
        gauges["memory.budget.bytes"] = Double(memory.bytes)
        for (name, budget) in [("uploads", memory.uploads), ("unsent", memory.unsent)] {
            gauges["memory.\(name).bytes"] = Double(budget.use.bytes)
            counters["memory.\(name).refused"] = Int64(budget.use.refused)
        }
        counters["queries"] = Int64(queries.begun)
        counters["queries.refused"] = Int64(queries.refused + queries.refusedOfUser)
        gauges["queries.waiting"] = Double(queries.waiting)
    }

    /// What happened since `earlier`, and how things are now.
    func partials(since earlier: OwnBooks) -> [Partial] {
        var partials = counters.map { path, count in
            Partial(StatisticKey(.counter, path), Aggregate(sample: Double(count - (earlier.counters[path] ?? 0))))
        }
        partials += gauges.map { Partial(StatisticKey(.gauge, $0), Aggregate(sample: $1)) }
        let milliseconds = at.milliseconds - earlier.at.milliseconds
        if milliseconds > 0 {
            let percent = (use.processorSeconds - earlier.use.processorSeconds) * 100_000 / Double(milliseconds)
            partials.append(Partial(StatisticKey(.gauge, "processor.percent"), Aggregate(sample: percent)))
        }
        if let syncMilliseconds, syncs > earlier.syncs {
            var accumulator = SampleAccumulator()
            accumulator.add(syncMilliseconds)
            if let aggregate = accumulator.partial(of: .timer) {
                partials.append(Partial(StatisticKey(.timer, "log.sync"), aggregate))
            }
        }
        return partials
    }
}
