import DattssCore
import DattssPipeline
import Testing

@testable import DattssServer

@Suite("DatagramCollector")
struct DatagramCollectorTests {
    private struct Keyed: Authenticator {
        func owner(ofKey key: String) -> KeyOwner? {
            let scopes: [String: KeyScope] = ["ann.0123": .all, "ann.k1.0123": .ingest, "ann.k2.0123": .read]
            return scopes[key].map { KeyOwner(UserID("ann")!, $0) }
        }
    }

    private func collect(_ datagrams: [String], statsdUser: String? = nil) -> DatagramCollector {
        var collector = DatagramCollector(
            authenticator: Keyed(), statsdUser: statsdUser.flatMap { UserID($0) }, limits: Limits())
        for datagram in datagrams { Array(datagram.utf8).withUnsafeBytes { collector.receive($0) } }
        return collector
    }

    /// Goal: whose a line is: by its key, by the key in front of a statsd name, or the user that is set for statsd.
    @Test("finds the user of a line")
    func owner() {
        var keyed = collect(["ann.0123:api:hits:2c", "ann.0123.hits:3|c", "bob.9:api:hits:1c", "hits:1|c", "ann.0123.:1|c"])
        let collected = keyed.flush()
        #expect(collected.all.map(\.user.string) == ["ann"])
        #expect(collected.all.first?.batch.partials.map(\.aggregate.sum) == [5])
        #expect(collected.processes.map(\.name) == ["api"])
        #expect(keyed.counts.refusedLines == [.unknownKey: 2, .badPath: 1])
        #expect(keyed.counts.lines == 5 && keyed.counts.samples == 2)

        var bound = collect(["hits:1|c\nhits:4|c", "ann.0123:api:hits:2c"], statsdUser: "joe")
        let batches = bound.flush().all.sorted { $0.user < $1.user }
        #expect(batches.map(\.user.string) == ["ann", "joe"])
        #expect(batches.map { $0.batch.partials.map(\.aggregate.sum) } == [[2], [5]])
    }

    /// Goal: a named key has three parts, also in front of a statsd name; one that may only read is refused and counted.
    @Test("knows named keys and their scopes")
    func scopes() {
        var keyed = collect([
            "ann.k1.0123.hits:3|c", "ann.k1.0123:api:hits:1c", "ann.k2.0123.hits:5|c", "ann.k2.0123:api:hits:7c", "ann.k1.hits:1|c",
        ])
        #expect(keyed.flush().all.first?.batch.partials.map(\.aggregate.sum) == [4])
        #expect(keyed.counts.refusedLines == [.wrongScope: 2, .unknownKey: 1])
    }

    /// Goal: each line of a datagram counts once, whichever way it takes, in a period's first datagram and in later ones.
    @Test("counts usual lines among others")
    func mixedLines() {
        let datagram = "hits:1|c\nhits:2|c|@0.5\n\nbad name:1|c\nhits:4|c\r\nwait:2.5|ms\nhits:x|c\nann.0123:api:own:2c\nhits:8|c"
        var collector = collect([datagram, datagram, "hits:1|c", "hits:1|c\n"], statsdUser: "joe")
        #expect(collector.counts.datagrams == 4 && collector.counts.lines == 18 && collector.counts.samples == 14)
        #expect(collector.counts.bytes == 2 * datagram.utf8.count + 17)
        #expect(collector.counts.refusedLines == [.badPath: 2, .badValue: 2])
        let partials = collector.flush().all.first { $0.user.string == "joe" }?.batch.partials
        #expect(partials?.map(\.aggregate.sum) == [2 * 17 + 2, 5])
        #expect(partials?.map(\.aggregate.count) == [2 * 5 + 2, 2])
    }

    /// Goal: a period's samples are flushed once; a gauge's delta builds on the value of an earlier period.
    @Test("flushes a period once and remembers gauges")
    func periods() {
        var collector = collect(["temp:20|g"], statsdUser: "joe")
        #expect(collector.flush().all.first?.batch.partials.first?.aggregate.last == 20)
        #expect(collector.flush().isEmpty)
        Array("temp:+5|g\ntemp:-1|g".utf8).withUnsafeBytes { collector.receive($0) }
        let second = collector.flush().all.first?.batch.partials.first?.aggregate
        #expect(second?.last == 24 && second?.first == 25 && second?.count == 2)
    }

    /// Goal: the column of the kernel's table that counts drops, for one port.
    @Test("reads the kernel's drops of a port")
    func kernelDrops() {
        let table = """
               sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
             1: 0100007F:1FBD 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1234 2 0000000000000000 17
             2: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1235 2 0000000000000000 4
             3: 0100007F:1FBD 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1236 2 0000000000000000 5
            """
        #expect(KernelDrops.drops(in: table, port: 8125) == 22)
        #expect(KernelDrops.drops(in: table, port: 53) == 4)
        #expect(KernelDrops.drops(in: "", port: 53) == 0)
    }
}

extension DatagramCollector.Collected {
    fileprivate var all: [(user: UserID, batch: Batch)] { periods.map { ($0.user, Batch(partials: $0.period.partials())) } }
}
