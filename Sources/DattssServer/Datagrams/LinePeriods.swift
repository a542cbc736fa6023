import DattssCore
import DattssPipeline

/// Cuts what a collector collects into periods, none of which reaches over the end of a minute; holds the minute of each until
/// it is written.
struct LinePeriods: Sendable {
    var collector: DatagramCollector
    private let clock: any WallClock
    private let holds: MinuteHolds
    /// That of the samples in hand.
    private var minute: Minute?

    init(_ collector: DatagramCollector, clock: any WallClock, holds: MinuteHolds) {
        self.collector = collector
        self.clock = clock
        self.holds = holds
    }

    /// To be called when lines have arrived, before the collector takes them in.
    /// - Returns: what was collected in an earlier minute, if these are the first of another.
    mutating func begin() -> DatagramCollector.Collected? {
        let time = clock.now()
        let now = time.minute
        (collector.now, collector.minute) = (time, now)
        if minute == now { return nil }
        let ended = minute == nil ? nil : flush()
        minute = now
        holds.hold(now)
        return ended
    }

    /// What was collected since the last time. Whoever takes it releases its minute.
    mutating func flush() -> DatagramCollector.Collected {
        var collected = collector.flush()
        if collected.isEmpty, let minute { holds.release(minute) } else { collected.minute = minute }
        minute = nil
        return collected
    }

    /// Milliseconds until the samples in hand have to be handed on; nil when there are none.
    var remainingMilliseconds: Int64? {
        minute.map { max(0, $0.end.milliseconds - clock.now().milliseconds) }
    }

    /// Milliseconds until the next period ends, a second after the one before. At the half of a second of the clock: what comes after
    /// the end of a minute is not handed on before that which came in front of it.
    var untilNextMilliseconds: Int64 {
        let shifted = clock.now().advanced(byMilliseconds: 500)
        return 1000 - (shifted.milliseconds - shifted.seconds * 1000)
    }

    /// Whether the samples in hand came in a minute that has just begun, so that the end of the one before may still wait for somebody:
    /// handed on now, they would wait, too, and whatever comes behind them.
    var isTooEarly: Bool {
        guard let minute else { return false }
        let now = clock.now()
        return minute == now.minute && now < minute.start.advanced(byMilliseconds: MinuteHolds.graceMilliseconds)
    }

    /// Gives up what nobody takes.
    func drop(_ collected: DatagramCollector.Collected) {
        if let minute = collected.minute { holds.release(minute) }
    }
}
