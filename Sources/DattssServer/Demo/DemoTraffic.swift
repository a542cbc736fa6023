import DattssCore
import DattssPipeline
import Logging
import ServiceLifecycle

/// What the demo's programs send now: a batch every five seconds, through the pipeline like anybody's.
struct DemoTraffic: Service {
    let shop: DemoShop
    let pipeline: Pipeline
    let processes: ProcessRegistry
    let clock: any WallClock
    let logger: Logger

    private static let periodMilliseconds: Int64 = 5000
    private static let periodsPerMinute = 12

    func run() async throws {
        await cancelWhenGracefulShutdown {
            let start = clock.now()
            while !Task.isCancelled {
                let now = clock.now()
                let period = now.milliseconds.flooredQuotient(by: Self.periodMilliseconds)
                let partials = shop.partials(
                    in: now.minute, part: Int(period % Int64(Self.periodsPerMinute)), of: Self.periodsPerMinute)
                let answer = await pipeline.ownIngest.submit(Batch(partials: partials), of: .demo)
                if case .refused(let error) = answer { logger.warning("the demo's statistics were refused: \(error)") }
                for name in DemoShop.processes {
                    processes.note(
                        name, of: .demo, uptimeSeconds: Double(now.milliseconds - start.milliseconds) / 1000)
                }
                // Ended by cancellation.
                try? await clock.sleep(
                    until: Timestamp(milliseconds: (period + 1) * Self.periodMilliseconds), since: now)
            }
        }
    }
}
