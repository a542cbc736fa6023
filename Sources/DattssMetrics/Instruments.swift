import CoreMetrics
import DattssClient
import Synchronization

/// A counter of which each increment is a sample. What was counted cannot be taken back, and so a reset does nothing.
final class CounterInstrument: CounterHandler, FloatingPointCounterHandler {
    private let stats: Dattss
    private let path: String

    init(stats: Dattss, path: String) { (self.stats, self.path) = (stats, path) }

    func increment(by amount: Int64) { stats.count(path, by: Double(amount)) }
    func increment(by amount: Double) { stats.count(path, by: amount) }
    func reset() {}
}

/// A timer, or anything else that has a distribution.
final class DurationInstrument: TimerHandler, RecorderHandler {
    private let stats: Dattss
    private let path: String

    init(stats: Dattss, path: String) { (self.stats, self.path) = (stats, path) }

    func recordNanoseconds(_ duration: Int64) { stats.time(path, milliseconds: Double(duration) / 1e6) }
    func record(_ value: Int64) { stats.time(path, milliseconds: Double(value)) }
    func record(_ value: Double) { stats.time(path, milliseconds: value) }
}

/// A gauge, which has a level. A meter may also change it step by step.
final class LevelInstrument: MeterHandler, RecorderHandler {
    private let stats: Dattss
    private let path: String
    private let level = Mutex(0.0)

    init(stats: Dattss, path: String) { (self.stats, self.path) = (stats, path) }

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { update { $0 = value } }
    func increment(by amount: Double) { update { $0 += amount } }
    func decrement(by amount: Double) { update { $0 -= amount } }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }

    /// Under the lock, so that the last sample is the last level.
    private func update(_ change: (inout Double) -> Void) {
        level.withLock { level in
            change(&level)
            stats.gauge(path, level)
        }
    }
}
