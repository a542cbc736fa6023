import NIOCore

/// How long a connection in the fast path may take: for the first request from the moment it connects, for every request from
/// its first byte to its last, and for the next one after an answer.
struct FastPathDeadline {
    let onTimeout: @Sendable () -> Void
    private let limit: TimeAmount
    private let idleLimit: TimeAmount
    private var timer: ConnectionTimer?

    init(seconds: Int, idleSeconds: Int, onTimeout: @escaping @Sendable () -> Void) {
        limit = .seconds(Int64(seconds))
        idleLimit = .seconds(Int64(idleSeconds))
        self.onTimeout = onTimeout
    }

    /// The connection is there.
    mutating func start(_ handler: AggregateFastPath, _ eventLoop: any EventLoop) {
        timer = ConnectionTimer(eventLoop, interval: min(limit, idleLimit)) { handler.timeOut() }
        requestBegins()
    }

    func requestBegins() { timer?.set(in: limit) }

    /// From now on the sender waits for us.
    func requestEnds() { timer?.clear() }

    func isIdle(from time: NIODeadline) { timer?.set(time + idleLimit) }

    mutating func stop() {
        timer?.stop()
        timer = nil
    }
}
