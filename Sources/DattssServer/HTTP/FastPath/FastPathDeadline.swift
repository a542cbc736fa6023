import NIOCore

/// How long a connection in the fast path may take: for the first request from the moment it connects, for every request from
/// its first byte to its last, and for the next one after an answer.
///
/// A deadline is set for every request and almost never met, so that setting it only writes down a time; a timer that is
/// too early for the deadline of its moment starts again.
struct FastPathDeadline {
    let onTimeout: @Sendable () -> Void
    private let limit: TimeAmount
    private let idleLimit: TimeAmount
    private var timer: Timer?

    init(seconds: Int, idleSeconds: Int, onTimeout: @escaping @Sendable () -> Void) {
        limit = .seconds(Int64(seconds))
        idleLimit = .seconds(Int64(idleSeconds))
        self.onTimeout = onTimeout
    }

    /// The connection is there.
    mutating func start(_ handler: AggregateFastPath, _ eventLoop: any EventLoop) {
        timer = Timer(handler, eventLoop, interval: limit)
    }

    func requestBegins() { timer?.deadline = .now() + limit }

    /// From now on the sender waits for us.
    func requestEnds() { timer?.deadline = .distantFuture }

    func isIdle(from time: NIODeadline) { timer?.deadline = time + idleLimit }

    mutating func stop() {
        timer?.cancel()
        timer = nil
    }

    private final class Timer {
        var deadline: NIODeadline
        /// Until ``cancel()``. (Not weak: whatever has weak references is slower to retain, and this one is all the time.)
        private var handler: AggregateFastPath?
        private let eventLoop: any EventLoop
        private let interval: TimeAmount
        private var scheduled: Scheduled<Void>?

        init(_ handler: AggregateFastPath, _ eventLoop: any EventLoop, interval: TimeAmount) {
            (self.handler, self.eventLoop, self.interval) = (handler, eventLoop, interval)
            deadline = .now() + interval
            schedule(in: interval)
        }

        func cancel() {
            scheduled?.cancel()
            handler = nil
        }

        private func schedule(in delay: TimeAmount) {
            let bound = NIOLoopBound(self, eventLoop: eventLoop)
            scheduled = eventLoop.scheduleTask(in: delay) { bound.value.fire() }
        }

        private func fire() {
            let remaining = deadline - .now()
            // Never later than a deadline can be that is set from now on.
            if remaining > .zero { schedule(in: min(remaining, interval)) } else { handler?.timeOut() }
        }
    }
}
