import DattssCore
import DattssLog
import DattssTestSupport
import NIOCore
import NIOEmbedded
import Testing

@testable import DattssPipeline
@testable import DattssServer

/// Goal: what cannot be written before the group in front of it goes in one piece, and nothing that comes alone waits.
@Suite("Groups of an event loop", .timeLimit(.minutes(10)))
struct GroupFlightTests {
    @Test("a flight is over when all groups of it are answered")
    func counts() {
        var flight = GroupFlight()
        #expect(flight.isOver)
        flight.begin()
        flight.begin()
        flight.end()
        #expect(!flight.isOver)
        flight.end()
        #expect(flight.isOver)
    }

    @Test("those that come while a group is written are written together, and answered")
    func together() async throws {
        let clock = ManualClock(Timestamp(seconds: 1_795_330_000))
        let folder = try TestFolder()
        let accounts = try Accounts(directory: folder.path)
        let ann = try #require(UserID("ann"))
        try accounts.add(ann, at: clock.now())
        let key = try #require(accounts.key(of: ann))
        let disk = SimulatedFileSystem()
        try DataFolder.lock("/data", fileSystem: disk).release()
        let pipeline = try Pipeline(
            PipelineConfiguration(directory: "/data", syncMode: .never, fileSystem: disk, clock: clock), onFailure: { _ in })
        let intakes = AggregateIntakes(
            AggregateEndpoint(
                ingest: pipeline.ingest, processes: ProcessRegistry(clock: clock), accounts: accounts, limits: Limits(),
                decoding: DecodingPool(), telemetry: OTLPIntake(startedAt: clock.now()), clock: clock))
        let loop = NIOAsyncTestingEventLoop()
        var channels: [NIOAsyncTestingChannel] = []
        for number in 0..<9 {
            let channel = NIOAsyncTestingChannel(loop: loop)
            try await loop.executeInContext {
                try channel.pipeline.syncOperations.addHandler(
                    AggregateFastPath(
                        intakes.intake(on: loop), deadline: FastPathDeadline(seconds: 15, idleSeconds: 120, onTimeout: {}),
                        uploads: ByteBudget(bytesMax: 1 << 20), refusals: RefusalPace(clock: clock)))
            }
            try await channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).get()
            channels.append(channel)
            let counter = #"{"pth":"hits","sum":1,"cnt":1,"max":1,"min":1,"fst":1,"lst":1,"top":1,"bot":1}"#
            let body = #"{"prt":{"c":[\#(counter)],"ms":[],"g":[]},"cid":"c\#(number)","seq":1}"#
            // Nobody writes yet: the first one is under way, each of the others comes in a turn of its own.
            try await channel.writeInbound(
                ByteBuffer(
                    string: "PUT /agg?auth=\(key) HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"))
        }
        #expect(await pipeline.snapshot().links.first?.ledger.offered == 1)
        let running = Task { await pipeline.run() }
        for channel in channels {
            guard case .byteBuffer(let answer) = try await channel.waitForOutboundWrite(as: IOData.self) else { continue }
            #expect(String(buffer: answer).hasPrefix("HTTP/1.1 200"))
        }
        #expect(await pipeline.queries.status(of: ann).statistics.first?.sum == 9)
        #expect(await pipeline.snapshot().ingest.acceptedBatches == 9)
        pipeline.finish()
        await running.value
    }
}
