import DattssCore
import NIOCore
import NIOPosix

/// One page of the engine's monitoring, over HTTP 1.0, whose answers end with the connection.
enum MonitoringPage {
    private static let bytesMax = 4 << 20
    private static let timeoutSeconds: Int64 = 3

    static func get(_ path: String, at place: HostPort) async throws -> [UInt8] {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = loop.makePromise(of: [UInt8].self)
        let bootstrap = ClientBootstrap(group: loop).connectTimeout(.seconds(timeoutSeconds)).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(Reader(bytesMax: bytesMax, promise))
            }
        }
        let channel: any Channel
        do { channel = try await bootstrap.connect(host: place.host, port: place.port).get() } catch {
            promise.fail(error)
            throw error
        }
        let timeout = loop.scheduleTask(in: .seconds(timeoutSeconds)) { promise.fail(StreamProblem("no answer")) }
        defer {
            timeout.cancel()
            channel.close(promise: nil)
        }
        channel.writeAndFlush(ByteBuffer(string: "GET \(path) HTTP/1.0\r\nHost: \(place)\r\n\r\n"), promise: nil)
        let answer = try await promise.futureResult.get()
        guard answer.starts(with: "HTTP/1.".utf8), let end = answer.firstRange(of: Array("\r\n\r\n".utf8)),
            answer.prefix(16).split(separator: UInt8(ascii: " ")).dropFirst().first?.elementsEqual("200".utf8) == true
        else { throw StreamProblem("expected a page, found \(answer.count) other bytes") }
        return Array(answer[end.upperBound...])
    }

    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let bytesMax: Int
        private let promise: EventLoopPromise<[UInt8]>
        private var bytes: [UInt8] = []

        init(bytesMax: Int, _ promise: EventLoopPromise<[UInt8]>) { (self.bytesMax, self.promise) = (bytesMax, promise) }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            bytes += unwrapInboundIn(data).readableBytesView
            guard bytes.count > bytesMax else { return }
            promise.fail(StreamProblem("expected at most \(bytesMax) bytes"))
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) { promise.succeed(bytes) }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            promise.fail(error)
            context.close(promise: nil)
        }
    }
}
