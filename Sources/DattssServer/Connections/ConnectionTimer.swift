import NIOCore

/// The timer of a deadline that a connection sets again and again and hardly ever meets: setting it only writes down a time. A timer
/// that is too early for the deadline of its moment starts again, and never sleeps for longer than the shortest time for which one
/// is set.
///
/// Belongs to the connection's event loop.
final class ConnectionTimer {
    private let eventLoop: any EventLoop
    private let interval: TimeAmount
    /// Until ``stop()``. (It has the handler in it, and is not weak: whatever has weak references is slower to retain, and a handler
    /// is retained all the time.)
    private var onDeadline: (() -> Void)?
    private var deadline = NIODeadline.distantFuture
    private var scheduled: Scheduled<Void>?

    /// - Parameters:
    ///   - interval: deadlines are set at least so far ahead; one that is nearer may be met late by as much.
    ///   - onDeadline: called on the event loop, once for a deadline that is set.
    init(_ eventLoop: any EventLoop, interval: TimeAmount, onDeadline: @escaping () -> Void) {
        (self.eventLoop, self.interval, self.onDeadline) = (eventLoop, interval, onDeadline)
    }

    var isSet: Bool { deadline != .distantFuture }

    func set(in time: TimeAmount) { set(eventLoop.now + time) }

    /// In place of the deadline before.
    func set(_ deadline: NIODeadline) {
        self.deadline = deadline
        if scheduled == nil, onDeadline != nil { schedule(in: deadline - eventLoop.now) }
    }

    /// Nothing is waited for.
    func clear() { deadline = .distantFuture }

    /// For good.
    func stop() {
        scheduled?.cancel()
        (scheduled, onDeadline) = (nil, nil)
    }

    private func schedule(in time: TimeAmount) {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        scheduled = eventLoop.scheduleTask(in: min(time, interval)) { bound.value.fire() }
    }

    private func fire() {
        scheduled = nil
        guard isSet else { return }
        let remaining = deadline - eventLoop.now
        if remaining > .zero { return schedule(in: remaining) }
        clear()
        onDeadline?()
    }
}
