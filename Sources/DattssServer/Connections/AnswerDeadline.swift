import NIOCore

/// Ends a connection whose sender asks, but does not read what is answered: when something waits to be sent, and too little of it
/// leaves for too long. At the end of the server it ends every connection that has not come to its own end soon.
///
/// It stands at the socket itself, in front of TLS, and looks now and then at how much the channel holds back: nothing is done
/// for an answer that leaves at once.
final class AnswerDeadline: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    /// How often it looks, and how many times in a row too little may have left.
    private let interval: TimeAmount
    private let looksMax: Int
    private let drain: TimeAmount
    private let onTimeout: @Sendable () -> Void
    private var writtenBytes = 0
    private var drainedBytes = 0
    private var looks = 0
    private var timer: ConnectionTimer?
    private var end: ConnectionTimer?

    /// What has to leave between two looks; a slower reader than that is none.
    static let progressBytesMin = 4096

    /// - Parameters:
    ///   - seconds: how long an answer may make no progress.
    ///   - drainSeconds: how long a connection may stay when the server ends.
    init(seconds: Int, drainSeconds: Int, onTimeout: @escaping @Sendable () -> Void) {
        looksMax = 3
        interval = .milliseconds(Int64(seconds) * 1000 / Int64(looksMax))
        drain = .seconds(Int64(drainSeconds))
        self.onTimeout = onTimeout
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        writtenBytes += unwrapOutboundIn(data).readableBytes
        let timer = timer ?? makeTimer(context)
        self.timer = timer
        if !timer.isSet { timer.set(in: interval) }
        context.write(data, promise: promise)
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.stop()
        end?.stop()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent, end == nil {
            end = ConnectionTimer(context.eventLoop, interval: drain) { context.close(promise: nil) }
            end?.set(in: drain)
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func makeTimer(_ context: ChannelHandlerContext) -> ConnectionTimer {
        ConnectionTimer(context.eventLoop, interval: interval) { self.check(context) }
    }

    private func check(_ context: ChannelHandlerContext) {
        let waiting = Self.waitingBytes(context.channel)
        guard waiting > 0 else { return looks = 0 }
        let drained = writtenBytes - waiting
        looks = drained - drainedBytes < Self.progressBytesMin ? looks + 1 : 0
        drainedBytes = drained
        guard looks < looksMax else {
            onTimeout()
            return context.close(promise: nil)
        }
        timer?.set(in: interval)
    }

    private static func waitingBytes(_ channel: any Channel) -> Int {
        // A channel that does not know has nothing to be looked after.
        (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }
}
