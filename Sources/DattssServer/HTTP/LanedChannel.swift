import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes
import NIOSSL

/// A connection: Hummingbird's, with the fast lane in front.
///
///     socket ──► TLS, if there are certificates ──► AggregateLane ──► HTTP/1 decoder ──► HTTP types ──► RequestDeadline ──► router
struct LanedChannel: ServerChildChannel {
    typealias Value = HTTP1Channel.Value

    let routed: HTTP1Channel
    let tls: NIOSSLContext?
    let intakes: AggregateIntakes
    let makeDeadline: @Sendable () -> LaneDeadline

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let (intakes, makeDeadline, tls) = (intakes, makeDeadline, tls)
        return routed.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let lane = AggregateLane(intakes.intake(on: channel.eventLoop), deadline: makeDeadline())
            try channel.pipeline.syncOperations.addHandler(lane, position: .first)
            if let tls {
                try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls), position: .first)
            }
            return value
        }
    }

    func handle(value: Value, logger: Logger) async {
        await routed.handle(value: value, logger: logger)
    }
}
