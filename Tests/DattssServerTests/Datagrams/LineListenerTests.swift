import DattssCore
import DattssLog
import DattssTestSupport
import Foundation
import LibC
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import DattssPipeline
@testable import DattssServer

/// Real sockets on loopback and in a folder of their own.
@Suite("Line listeners")
struct LineListenerTests {
    private struct Nobody: Authenticator {
        func owner(ofKey key: String) -> KeyOwner? { nil }
    }

    /// An intake in front of a pipeline that runs on a simulated disk.
    private struct Scene {
        let counters = DatagramCounters()
        let clock: any WallClock
        let pipeline: Pipeline
        let intake: LineIntake
        let collector = DatagramCollector(authenticator: Nobody(), statsdUser: UserID("joe"), limits: Limits())
        private let running: Task<Void, Never>

        init(_ clock: any WallClock = SystemClock()) throws {
            self.clock = clock
            let fileSystem = SimulatedFileSystem()
            try DataFolder.lock("/data", fileSystem: fileSystem).release()
            let pipeline = try Pipeline(
                PipelineConfiguration(directory: "/data", fileSystem: fileSystem, clock: clock)
            ) { _ in }
            self.pipeline = pipeline
            running = Task { await pipeline.run() }
            intake = LineIntake(
                pipeline: pipeline, processes: ProcessRegistry(clock: clock), counters: counters, clock: clock,
                logger: Logger(label: "test"))
        }

        func stop() async {
            pipeline.finish()
            await running.value
        }
    }

    private func temporaryPath() -> String {
        FileManager.default.temporaryDirectory.appendingPathComponent("dattss-\(UUID().uuidString.prefix(8)).sock").path
    }

    private func mode(of path: String) throws -> mode_t {
        var status = stat()
        try #require(lstat(path, &status) == 0)
        return status.st_mode & 0o777
    }

    /// Goal: programs that run as other users may send, unless somebody wants it otherwise; whatever the umask is.
    @Test("a Unix datagram socket may be written to by everybody, or by whom its mode says", arguments: [nil, 0o600, 0o660, 0])
    func datagramMode(wanted: mode_t?) throws {
        let path = temporaryPath()
        let address = try SocketAddress(unixDomainSocketPath: path)
        defer { UnixSocketFile.remove(address) }
        let socket =
            try wanted.map { try DatagramSocket(bindingTo: address, receiveBufferBytes: 1 << 16, mode: $0) }
            ?? DatagramSocket(bindingTo: address, receiveBufferBytes: 1 << 16)
        #expect(try mode(of: path) == wanted ?? 0o666)
        #expect(socket.localAddress == address)
    }

    /// Goal: the stream socket's file has the mode, too; a connection that is silent ends and makes room, one too many is refused,
    /// and both are counted.
    @Test("silent connections end, and one too many is refused")
    func connections() async throws {
        let scene = try Scene()
        let path = temporaryPath()
        let (addresses, continuation) = AsyncStream.makeStream(of: SocketAddress?.self)
        let listener = StreamListener(
            source: .unixStream, address: try SocketAddress(unixDomainSocketPath: path), collector: scene.collector,
            intake: scene.intake, socketMode: 0o622, idleTimeout: .milliseconds(300), connectionsMax: 2, clock: scene.clock,
            onListening: { continuation.yield($0) })
        let running = Task { try await listener.run() }
        _ = await addresses.first { _ in true }
        #expect(try mode(of: path) == 0o622)
        func connect() async throws -> any Channel {
            try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(unixDomainSocketPath: path).get()
        }
        /// A machine that is busy may be too late for a connection, which is silent by then.
        func send(_ lines: String) async throws -> any Channel {
            while true {
                let channel = try await connect()
                if (try? await channel.writeAndFlush(ByteBuffer(string: lines)).get()) != nil { return channel }
            }
        }
        // It may be too late for both, too: then there was room for the third.
        repeat {
            let silent = [try await send("hits:1|c\nhits:2|c"), try await connect()]
            for channel in [try await connect()] + silent { try await channel.closeFuture.get() }
        } while scene.counters.snapshot.refusedConnections == 0
        #expect(scene.counters.snapshot.timedOutConnections >= 2)
        // There is room again.
        let later = try await send("hits:4|c\n")
        // (Or it has ended already.)
        try? await later.close()
        running.cancel()
        try await running.value
        let status = await scene.pipeline.queries.status(of: try #require(UserID("joe"))).statistics
        #expect(status.first?.sum ?? 0 >= 3, "what had come before it ended counts")
        await scene.stop()
    }

    /// Goal: what was read before the end of a minute belongs to it, whenever the thread comes to hand it on.
    @Test("datagrams on both sides of a minute's end are of two minutes")
    func datagramsAtTheEdge() async throws {
        let minute = Minute(29_900_000)
        let clock = ManualClock(minute.end.advanced(byMilliseconds: -150))
        let scene = try Scene(clock)
        let socket = try DatagramSocket(
            bindingTo: try SocketAddress(ipAddress: "127.0.0.1", port: 0), receiveBufferBytes: 1 << 20)
        let address = socket.localAddress
        let (periods, continuation) = AsyncStream.makeStream(of: DatagramCollector.Collected.self)
        let receiver = DatagramReceiver(source: .udp, intake: scene.intake, periods: continuation, receiveBufferBytes: 1 << 20) {
            throw IOError(errnoCode: EBADF, reason: "it does not fail")
        }
        let handed = HandedSocket(socket)
        try OwnThread.start { [lines = scene.intake.periods(of: scene.collector)] in receiver.run(handed.take(), lines) }
        try send("hits:3|c", to: address)
        try await holds(minute, scene)
        clock.set(minute.end.advanced(byMilliseconds: 400))
        try send("hits:4|c", to: address)
        var collected: [DatagramCollector.Collected] = []
        for await period in periods {
            collected.append(period)
            if collected.count == 2 { break }
        }
        #expect(collected.map(\.minute) == [minute, minute.advanced(by: 1)])
        #expect(collected.map { $0.periods.first?.period.partials().first?.aggregate.sum } == [3, 4])
        for period in collected { await scene.intake.take(period) }
        receiver.stop()
        for await rest in periods { await scene.intake.take(rest) }
        await scene.stop()
    }

    /// Goal: the same for connections.
    @Test("lines of a connection on both sides of a minute's end are of two minutes")
    func linesAtTheEdge() async throws {
        let minute = Minute(29_900_000)
        let clock = ManualClock(minute.end.advanced(byMilliseconds: -150))
        let scene = try Scene(clock)
        let path = temporaryPath()
        let (addresses, continuation) = AsyncStream.makeStream(of: SocketAddress?.self)
        let listener = StreamListener(
            source: .unixStream, address: try SocketAddress(unixDomainSocketPath: path), collector: scene.collector,
            intake: scene.intake, clock: clock, onListening: { continuation.yield($0) })
        let running = Task { try await listener.run() }
        _ = await addresses.first { _ in true }
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(unixDomainSocketPath: path).get()
        try await channel.writeAndFlush(ByteBuffer(string: "hits:3|c\n")).get()
        try await holds(minute, scene)
        let joe = try #require(UserID("joe"))
        clock.set(minute.end.advanced(byMilliseconds: 100))
        #expect(try await eventually { await scene.pipeline.queries.status(of: joe).statistics.first?.sum == 3 })
        clock.advance(byMilliseconds: 400)
        try await channel.writeAndFlush(ByteBuffer(string: "hits:4|c\n")).get()
        #expect(
            try await eventually {
                clock.advance(byMilliseconds: 500)
                return await scene.pipeline.queries.status(of: joe).statistics.first?.sum == 7
            })
        try await channel.close()
        running.cancel()
        try await running.value
        let minutes = try await scene.pipeline.queries.minutes(
            of: StatisticKey(.counter, "hits"), user: joe, in: minute..<minute.advanced(by: 60))
        #expect(minutes.aggregates.first?.minute == minute && minutes.aggregates.first?.aggregate.sum == 3)
        #expect(minutes.aggregates.dropFirst().reduce(0) { $0 + $1.aggregate.sum } == 4)
        await scene.stop()
    }

    /// Waits until somebody has samples of a minute in hand.
    private func holds(_ minute: Minute, _ scene: Scene) async throws {
        let inNext = minute.end.advanced(byMilliseconds: 1)
        #expect(try await eventually { scene.pipeline.holds.limit(inNext, from: minute) < minute.end })
    }

    /// Goal: a socket that fails is counted, and one that goes on failing is opened anew at the same port.
    @Test("a socket that goes on failing is opened anew, and takes in datagrams again")
    func failingSocket() async throws {
        let scene = try Scene()
        let socket = try DatagramSocket(
            bindingTo: try SocketAddress(ipAddress: "127.0.0.1", port: 0), receiveBufferBytes: 1 << 20)
        let (address, descriptor) = (socket.localAddress, socket.descriptor)
        // What stands in the descriptor's place now is no socket: every call fails.
        let other = open("/dev/null", O_RDONLY)
        try #require(other >= 0 && dup2(other, descriptor) == descriptor)
        close(other)
        let (periods, continuation) = AsyncStream.makeStream(of: DatagramCollector.Collected.self)
        let reopened = AsyncStream.makeStream(of: Void.self)
        let receiver = DatagramReceiver(
            source: .udp, intake: scene.intake, periods: continuation, receiveBufferBytes: 1 << 20
        ) {
            defer { reopened.continuation.yield() }
            return try DatagramSocket(bindingTo: address, receiveBufferBytes: 1 << 20)
        }
        let handed = HandedSocket(socket)
        try OwnThread.start { [lines = scene.intake.periods(of: scene.collector)] in receiver.run(handed.take(), lines) }
        _ = await reopened.stream.first { _ in true }
        #expect(scene.counters.snapshot.socketFailures >= DatagramReceiver.failuresUntilReopening)
        try send("hits:3|c", to: address)
        let collected = await periods.first { _ in true }
        #expect(collected?.periods.first?.period.partials().map(\.aggregate.sum) == [3])
        if let collected { await scene.intake.take(collected) }
        receiver.stop()
        for await rest in periods { await scene.intake.take(rest) }
        await scene.stop()
    }

    /// Goal: what many senders send to a port of several sockets is counted to the last sample, wherever the kernel puts them; and
    /// nobody gets a port by sharing it with a stranger.
    @Test("sockets that share a port take in what comes to it, and count it together", arguments: [1, 4])
    func sharedPort(sockets: Int) async throws {
        let scene = try Scene()
        let opened = AsyncStream.makeStream(of: SocketAddress.self)
        let listener = DatagramListener(
            source: .udp, address: try SocketAddress(ipAddress: "127.0.0.1", port: 0), collector: scene.collector,
            intake: scene.intake, receiveBufferBytes: 1 << 20, socketCount: sockets,
            onListening: { opened.continuation.yield($0) })
        let running = Task { try await listener.run() }
        let address = try #require(await opened.stream.first { _ in true })
        #expect(throws: IOError.self) { try DatagramSocket(bindingTo: address, receiveBufferBytes: 1 << 16) }
        #expect(throws: (any Error).self) {
            var second = listener
            (second.address, second.socketCount) = (address, 2)
            _ = try second.openSockets()
        }
        // A sender that has a port of its own each time may get any of the sockets.
        let senders = 40
        for number in 0..<senders { try send("hits:1|c\nlevel:\(number)|g\nwait:3.5|ms", to: address) }
        let user = try #require(UserID("joe"))
        while await scene.pipeline.queries.status(of: user).statistics.first(where: { $0.key.path == "hits" })?.sum
            != Double(senders)
        {
            // Waits: for each of the sockets' seconds to end.
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(await scene.pipeline.queries.status(of: user).statistics.count == 3)
        running.cancel()
        try await running.value
        #expect(scene.counters.snapshot.datagrams == senders)
        await scene.stop()
    }

    private func send(_ datagram: String, to address: SocketAddress) throws {
        let sender = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        try #require(sender >= 0)
        defer { close(sender) }
        let bytes = Array(datagram.utf8)
        let sent = address.withSockAddr { pointer, length in sendto(sender, bytes, bytes.count, 0, pointer, socklen_t(length)) }
        try #require(sent == bytes.count)
    }
}
