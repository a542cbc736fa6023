import ArgumentParser
import CDatagramFloor
import DattssServer
import Dispatch
import LibC
import NIOCore
import NIOHTTP1
import NIOPosix
import UnixSignals

/// `dattss-bench floor`: receivers that do next to nothing, to measure the server's ports against.
struct FloorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "floor",
        abstract: "Receives and does next to nothing: what the server's ports are measured against.",
        discussion: """
            udp is a bare loop in C: receive, parse, hash, add up. http is a bare channel handler that answers every request \
            with the constant of PUT /agg. Point 'dattss-bench load --blind' at it; SIGTERM ends it, and it prints what it received.
            """)

    enum Port: String, ExpressibleByArgument, CaseIterable {
        case udp
        case http
    }

    @Argument(help: "udp or http.") var port: Port
    @Option(help: "Where to listen.") var listen = HostPort(host: "127.0.0.1", port: 0)

    func run() async throws {
        switch port {
        case .udp: try await DatagramFloor.run(listen, until: Self.waitForEnd)
        case .http: try await HTTPFloor.run(listen, until: Self.waitForEnd)
        }
    }

    static func announce(_ address: SocketAddress?) {
        print("listening \(address?.port ?? 0)")
        fflush(nil)
    }

    private static func waitForEnd() async {
        for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) { return }
    }
}

/// The bare loop in C, on a thread of its own.
private enum DatagramFloor {
    private static let receiveBufferBytes: Int32 = 8 << 20

    static func run(_ listen: HostPort, until end: () async -> Void) async throws {
        let address = try SocketAddress.makeAddressResolvingHost(listen.host, port: listen.port)
        let socket = try opened(at: address)
        defer { close(socket) }
        let stop = StopFlag()
        let received = Task {
            await withCheckedContinuation { continuation in
                DispatchQueue(label: "dattss.floor").async {
                    var counts = datagram_floor_counts()
                    let code = datagram_floor_run(socket, stop.pointer, &counts)
                    continuation.resume(returning: (code, counts))
                }
            }
        }
        await end()
        stop.set()
        let (code, counts) = await received.value
        guard code == 0 else { throw LoadError(description: String(cString: strerror(code))) }
        print(
            "{\"datagrams\":\(counts.datagrams),\"samples\":\(counts.samples),\"badLines\":\(counts.bad_lines),\"names\":\(counts.names)}"
        )
    }

    private static func opened(at address: SocketAddress) throws -> Int32 {
        #if canImport(Glibc)
            let type = Int32(SOCK_DGRAM.rawValue)
        #else
            let type = SOCK_DGRAM
        #endif
        let descriptor = socket(Int32(address.protocol.rawValue), type, 0)
        guard descriptor >= 0 else { throw LoadError(description: "socket: \(String(cString: strerror(errno)))") }
        var size = receiveBufferBytes
        // A smaller buffer loses earlier, which shows in the counts.
        _ = setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        let code = address.withSockAddr { bind(descriptor, $0, socklen_t($1)) }
        guard code == 0 else { throw LoadError(description: "bind: \(String(cString: strerror(errno)))") }
        var bound = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        _ = withUnsafeMutablePointer(to: &bound) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        // The port is in the same place in both families.
        FloorCommand.announce(SocketAddress(withUnsafeBytes(of: bound) { $0.load(as: sockaddr_in.self) }))
        return descriptor
    }

    /// What the loop looks at after each batch.
    // @unchecked Sendable: a word that one thread sets once and the other polls; C reads it as volatile.
    private final class StopFlag: @unchecked Sendable {
        let pointer = UnsafeMutablePointer<Int32>.allocate(capacity: 1)

        init() { pointer.initialize(to: 0) }
        deinit { pointer.deallocate() }
        func set() { pointer.pointee = 1 }
    }
}

/// NIO's own HTTP/1 decoder and encoder, and a handler that answers a constant.
private enum HTTPFloor {
    static func run(_ listen: HostPort, until end: () async -> Void) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withPipeliningAssistance: false)
                    try channel.pipeline.syncOperations.addHandler(ConstantAnswer())
                }
            }
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .bind(host: listen.host, port: listen.port).get()
        FloorCommand.announce(channel.localAddress)
        await end()
        try await channel.close()
        try await group.shutdownGracefully()
    }

    private final class ConstantAnswer: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private static let body = ByteBuffer(string: #"{"ok":true}"#)
        private static let head = HTTPResponseHead(
            version: .http1_1, status: .ok,
            headers: ["Content-Type": "application/json; charset=utf-8", "Content-Length": "\(body.readableBytes)"])

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .end = unwrapInboundIn(data) else { return }
            context.write(wrapOutboundOut(.head(Self.head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(Self.body))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
