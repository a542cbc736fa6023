import Dispatch
import LibC

/// SIGINT and SIGTERM as something to wait for. The first one is handed out, the second one ends the process at once.
enum EndSignals {
    /// - Returns: the first signal's number, or nil when the task was cancelled.
    static func wait() async -> Int32? {
        let (signals, continuation) = AsyncStream.makeStream(of: Int32.self, bufferingPolicy: .bufferingOldest(1))
        let sources = [SIGINT, SIGTERM].map { number in
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            #if canImport(Darwin)
                // Not before: a signal that came in between would be ignored, and never be heard of. On Linux, Dispatch sets
                // a handler of its own, which must stay.
                source.setRegistrationHandler { signal(number, SIG_IGN) }
            #endif
            source.setEventHandler {
                for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
                continuation.yield(number)
            }
            source.activate()
            return source
        }
        defer { for source in sources { source.cancel() } }
        for await number in signals { return number }
        return nil
    }
}
