import DattssCore
import DattssPipeline
import DattssTestSupport
import Synchronization
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

    /// Goal: of a datagram whose end was lost the whole lines count; the last one could be another than it seems, and is refused.
    @Test("refuses the last line of a datagram that was cut off")
    func cut() {
        var collector = collect([], statsdUser: "joe")
        Array("hits:2|c\nhits:3|c\nhits:1|c".utf8).withUnsafeBytes { collector.receive(cut: $0) }
        Array("hits:1|c".utf8).withUnsafeBytes { collector.receive(cut: $0) }
        #expect(collector.flush().all.first?.batch.partials.map(\.aggregate.sum) == [5])
        #expect(collector.counts.refusedLines == [.badFormat: 2])
        #expect(collector.counts.lines == 4 && collector.counts.datagrams == 2)
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

    /// Goal: lines with a right key are looked up once a period, however many wrong keys came before.
    @Test("has room for keys that are right beside a flood of wrong ones")
    func wrongKeys() {
        final class Counting: Authenticator {
            let asked = Mutex<[String: Int]>([:])

            func owner(ofKey key: String) -> KeyOwner? {
                asked.withLock { $0[key, default: 0] += 1 }
                return key.hasPrefix("ann.") ? KeyOwner(UserID("ann")!) : nil
            }
        }
        let authenticator = Counting()
        var collector = DatagramCollector(authenticator: authenticator, statsdUser: nil, limits: Limits())
        for period in 1...2 {
            for number in 0..<12_000 {
                let lines = "bob.\(number).hits:1|c\nbob.\(number).hits:1|c\nann.0.hits:1|c"
                Array(lines.utf8).withUnsafeBytes { collector.receive($0) }
            }
            Array("ann.1.hits:1|c\nann.1.hits:1|c".utf8).withUnsafeBytes { collector.receive($0) }
            #expect(collector.flush().all.first?.batch.partials.map(\.aggregate.sum) == [12_002])
            #expect(authenticator.asked.withLock { [$0["ann.0"], $0["ann.1"]] } == [period, period])
            // A wrong one once for all lines in a row.
            #expect(authenticator.asked.withLock { $0["bob.0"] == period && $0["bob.11999"] == period })
            #expect(collector.counts.refusedLines == [.unknownKey: period * 24_000])
        }
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
        let datagram = "hits:1|c\nhits:2|c|@0.5\n\né:1|c\nhits:4|c\r\nwait:2.5|ms\nhits:x|c\nann.0123:api:own:2c\nhits:8|c"
        var collector = collect([datagram, datagram, "hits:1|c", "hits:1|c\n"], statsdUser: "joe")
        #expect(collector.counts.datagrams == 4 && collector.counts.lines == 18 && collector.counts.samples == 14)
        #expect(collector.counts.bytes == 2 * datagram.utf8.count + 17)
        #expect(collector.counts.refusedLines == [.badPath: 2, .badValue: 2])
        let partials = collector.flush().all.first { $0.user.string == "joe" }?.batch.partials
        #expect(partials?.map(\.aggregate.sum) == [2 * 17 + 2, 5])
        #expect(partials?.map(\.aggregate.count) == [2 * 5 + 2, 2])
    }

    /// Goal: names are made paths as statsd does, and two that become one are one statistic; a known or valid one is looked up as
    /// it is. What was rewritten is counted, and shown once, however often it comes.
    @Test("rewrites names that are no paths")
    func rewriting() {
        let lines = [
            "GET /a:1|c", "GET_-a:2|c", "GET  /a:4|c", "hits:1|c|#tier two,b", "hits:1|c|#b , tier_two", "GET /a:8|c\nhits:1|c\n\0",
        ]
        var collector = collect(lines, statsdUser: "joe")
        #expect(collector.counts.rewrittenNames == 4 && collector.counts.lines == 7 && collector.counts.samples == 7)
        let rewritings = collector.counts.rewritings.all
        #expect(rewritings.map(\.originalText) == ["GET /a", "GET  /a", "hits|#tier two,b"])
        #expect(rewritings.map(\.path) == ["GET_-a", "GET_-a", "hits.b.tier_two"])
        let partials = collector.flush().all.first?.batch.partials
        #expect(partials?.map(\.key.path) == ["GET_-a", "hits.b.tier_two", "hits"])
        #expect(partials?.map(\.aggregate.sum) == [15, 2, 1])
    }

    /// Goal: an auth key is looked up as it was sent, and never shown; its owner's names are rewritten without it.
    @Test("rewrites the name behind a key, and tells nobody the key")
    func rewritingBehindKey() {
        let long = String(repeating: "n", count: 255)
        var keyed = collect([
            "ann.0123.a b:3|c", "ann.0123.é:3|c", "ann .0123.a:1|c", "ann.0123.\(long):1|c", "ann.0123.\(long)/:1|c",
        ])
        #expect(keyed.counts.rewritings.all.map(\.originalText) == ["a b"])
        #expect(keyed.counts.refusedLines == [.badPath: 2, .unknownKey: 1])
        #expect(keyed.flush().all.first?.batch.partials.map(\.key.path) == ["a_b", long])
    }

    /// Goal: however many names come, and however long they are, what is kept of them is bounded; the next period brings new ones.
    @Test("keeps the latest of the rewritten names")
    func latestRewritings() {
        var collector = collect((0..<500).map { "a/\($0):1|c" }, statsdUser: "joe")
        #expect(collector.counts.rewrittenNames == 500)
        #expect(collector.counts.rewritings.all.map(\.originalText) == (0..<NameRewritings.countMax).map { "a/\($0)" })
        _ = collector.flush()
        for line in ["\(String(repeating: "é", count: 9000))b:1|c", "a/7:1|c"] {
            Array(line.utf8).withUnsafeBytes { collector.receive($0) }
        }
        let rewritings = collector.counts.rewritings.all
        #expect(rewritings.count == NameRewritings.countMax && rewritings.first?.originalText == "a/1")
        #expect(rewritings.last?.original.count == NameRewritings.nameBytesMax && rewritings.last?.path == "b")
    }

    /// Goal: events and service checks are no errors, whoever sends them.
    @Test("counts events and service checks")
    func messages() {
        for user in ["joe", nil] {
            let collector = collect(["_e{5,4}:title|text", "_e{1,1}:5|c", "_sc|redis|0", "_e{9,9}:title|text"], statsdUser: user)
            #expect(collector.counts.events == 2 && collector.counts.serviceChecks == 1 && collector.counts.samples == 0)
            #expect(collector.counts.refusedLines == [.badEvent: 1] && collector.counts.lines == 4)
        }
    }

    /// Goal: whichever way a line takes, by itself or among others, it adds the same and is counted the same.
    @Test("adds what each line by itself adds", arguments: [1, 2, 3, 4] as [UInt64])
    func bothWays(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let lines = try WireVectors.lines().map { Array($0.line.utf8) }.filter { $0.count < 80 }
        for _ in 0..<60 {
            var datagram: [UInt8] = Array("first:1|c".utf8)
            for _ in 0..<40 {
                var line = generator.element(of: lines)
                if generator.oneIn(2), !line.isEmpty {
                    line[Int.random(in: line.indices, using: &generator)] = generator.element(
                        of: Array("|:@#,+-.e07 cgms/é\0\n".utf8))
                }
                datagram += [UInt8(ascii: "\n")] + line
            }
            var together = collect([], statsdUser: "joe")
            // The second time its names are known.
            for _ in 0..<2 { datagram.withUnsafeBytes { together.receive($0) } }
            var apart = collect([], statsdUser: "joe")
            for line in (datagram + [UInt8(ascii: "\n")] + datagram).split(separator: UInt8(ascii: "\n")) {
                // With an empty field behind it no line is a usual one.
                let isSample = line.contains(UInt8(ascii: "|")) && !line.starts(with: "_e{".utf8) && !line.starts(with: "_sc|".utf8)
                let end = line.lastIndex { $0 > UInt8(ascii: " ") }.map { $0 + 1 } ?? line.startIndex
                (isSample ? Array(line[..<end]) + [UInt8(ascii: "|")] : Array(line)).withUnsafeBytes { apart.receive($0) }
            }
            let text = String(decoding: datagram, as: UTF8.self)
            var counts = [together.counts, apart.counts]
            for index in counts.indices {
                (counts[index].bytes, counts[index].datagrams, counts[index].rewritings) = (0, 0, .init())
            }
            #expect(counts[0] == counts[1], "seed \(seed): \(text)")
            #expect(together.flush().all.map(\.batch.partials) == apart.flush().all.map(\.batch.partials), "seed \(seed): \(text)")
        }
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

    /// Goal: Graphite's lines are gauges of the statsd user, under the names that statsd lines would have; times of this minute and the
    /// one before are good, and whatever is refused costs only itself.
    @Test("takes in Graphite's lines, and counts what it refuses by reason")
    func graphite() {
        let minute = Minute(29_900_000)
        let now = minute.index * 60
        var collector = DatagramCollector(
            authenticator: Keyed(), statsdUser: UserID("joe"), limits: Limits(), syntax: .graphite)
        collector.minute = minute
        let lines = [
            "load 1 \(now)", "load 2 \(now + 59)", "load 3 \(now - 60)", "load 4 -1", "load 5", "disk/a;host=b;az=c 6 \(now)\r",
            "old 1 \(now - 61)", "new 1 \(now + 60)", "odd 1 N", "x nan \(now)", "x inf -1", "x", "x 1 2 3", ";a=b 1", "\0", "",
            "hits:1|c", "dis\0k;az=c;host=b 7 \(now)\0",
        ]
        Array(lines.joined(separator: "\n").utf8).withUnsafeBytes { collector.receive($0) }
        #expect(collector.counts.lines == 16 && collector.counts.samples == 7)
        #expect(collector.counts.refusedLines == [.badTime: 3, .badValue: 2, .badFormat: 3, .badPath: 1])
        #expect(collector.counts.rewritings.all.map(\.originalText) == ["disk/a;host=b;az=c", "dis\0k;az=c;host=b"])
        let collected = collector.flush().all
        #expect(collected.map(\.user.string) == ["joe"])
        let partials = collected.first?.batch.partials ?? []
        #expect(partials.map(\.key.path) == ["load", "disk-a.az:c.host:b", "disk.az:c.host:b"])
        #expect(partials.allSatisfy { $0.key.kind == .gauge })
        #expect(partials.map(\.aggregate.last) == [5, 6, 7] && partials.first?.aggregate.count == 5)
    }

    /// Goal: without a statsd user the name begins with a key, as in statsd's lines.
    @Test("finds the user of Graphite's lines by a key in front of the name")
    func graphiteKeys() {
        var collector = DatagramCollector(authenticator: Keyed(), statsdUser: nil, limits: Limits(), syntax: .graphite)
        let lines = "ann.k1.0123.load;a=b 1 -1\nann.k2.0123.load 1 -1\nload 1\nann.0123. 1"
        Array(lines.utf8).withUnsafeBytes { collector.receive($0) }
        #expect(collector.flush().all.first?.batch.partials.map(\.key.path) == ["load.a:b"])
        #expect(collector.counts.refusedLines == [.wrongScope: 1, .unknownKey: 1, .badPath: 1])
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
