import DattssCore
import DattssLog
import Synchronization

/// The ``ConfirmedTime`` of a data folder: whatever is deleted for its age is deleted by this clock.
final class ConfirmedClock: Sendable {
    private let clock: any WallClock
    private let state: Mutex<ConfirmedTime>
    private let onNews: @Sendable (ConfirmedTime.News, ConfirmedTime) -> Void

    /// - Parameters:
    ///   - newest: the time of the newest data, which counts where no earlier run has left a word.
    ///   - onNews: told when the clock is found to be beside what has passed, and when that is over.
    /// - Throws: an error of the file system.
    init(
        _ configuration: PipelineConfiguration, newest: Timestamp?
    ) throws(LogError) {
        clock = configuration.clock
        onNews = configuration.onClockNews
        let file = ConfirmedTimeFile(
            fileSystem: configuration.fileSystem, directory: configuration.directory, policy: configuration.syncMode.policy)
        let (shown, uptime) = (clock.now(), clock.uptimeMilliseconds())
        let known = configuration.trustsClock ? nil : try file.read()
        let line = known?.line ?? (configuration.trustsClock ? shown : newest.map { min($0, shown) } ?? shown)
        state = Mutex(ConfirmedTime(line: line, doubt: known?.doubt, shown: shown, uptime: uptime))
        _ = look()
    }

    /// As late as it certainly is.
    func now() -> Timestamp { look().latest }

    /// Where time has got to as far as can be told without the clock.
    var line: Timestamp { look().line }

    /// Looks at the clock, and says what is known.
    func look() -> ConfirmedTime {
        // Read under the lock: whoever comes second must not bring an earlier time.
        let (time, news) = state.withLock { state in
            let news = state.look(shown: clock.now(), uptime: clock.uptimeMilliseconds())
            return (state, news)
        }
        if let news { onNews(news, time) }
        return time
    }
}
