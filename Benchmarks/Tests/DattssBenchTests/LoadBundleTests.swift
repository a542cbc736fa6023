import CLoadSockets
import DattssCore
import Testing

@testable import DattssBench

@Suite("Load: what is prepared")
struct LoadBundleTests {
    private func stream(_ change: (inout LoadStream) -> Void) -> LoadStream {
        var stream = LoadStream()
        change(&stream)
        return stream
    }

    private func decoded(_ body: [UInt8]) throws -> Batch {
        try body.withUnsafeBytes { try BatchDecoder.decode($0, limits: Limits()) }
    }

    private func thousandths(_ sum: Double) -> Int64 { Int64((sum * 1000).rounded()) }

    /// Goal: the books of what will be sent are those of what the server decodes.
    @Test("bodies are what the server decodes, and the books agree", arguments: [(7, 3, false), (50, 50, true), (2, 5, true)])
    func bodies(paths: Int, partials: Int, hasSketches: Bool) throws {
        let bundles = try Bundles.bodies(
            stream {
                ($0.paths, $0.bundleSize, $0.hasSketches, $0.users, $0.variety) = (paths, partials, hasSketches, 2, 30)
            })
        #expect(bundles.count == 30 && bundles.slotCount == 60)
        var seen: Set<StatisticKey> = []
        for bundle in 0..<bundles.count {
            let batch = try decoded([UInt8(ascii: "{")] + bundles.content(bundles.slices[bundle]))
            #expect(batch.partials.count == partials)
            #expect(batch.partials.reduce(0) { $0 + $1.aggregate.count } == bundles.bundleSamples[bundle])
            // A body has its partials kind by kind.
            for kind in Kind.allCases {
                let decoded = batch.partials.filter { $0.key.kind == kind }
                let noted = (0..<partials).filter { bundles.statistic($0, ofBundle: bundle).kind == kind }
                #expect(decoded.map(\.key) == noted.map { bundles.statistic($0, ofBundle: bundle) })
                #expect(decoded.map { thousandths($0.aggregate.sum) } == noted.map { bundles.itemSums[bundle * partials + $0] })
                #expect(decoded.map { Int32($0.aggregate.count) } == noted.map { bundles.itemSamples[bundle * partials + $0] })
                #expect(decoded.allSatisfy { ($0.aggregate.sketch != nil) == (hasSketches && kind == .timer) })
            }
            seen.formUnion(batch.partials.map(\.key))
        }
        #expect(seen.count == paths)
    }

    @Test("datagrams are lines the server parses, in the slots of their users", arguments: LoadStream.Lines.allCases)
    func datagrams(lines: LoadStream.Lines) throws {
        let users = lines == .statsd ? 1 : 2
        let keys = ["ann.1", "bob.2"][..<users]
        let bundles = try Bundles.datagrams(
            stream {
                ($0.transport, $0.paths, $0.bundleSize, $0.lines, $0.users, $0.variety) = (.udp, 5, 2, lines, users, 40)
            }, keys: keys)
        #expect(bundles.slices.count == bundles.slotCount && bundles.count == 40)
        for slot in 0..<bundles.slotCount {
            let (bundle, key) = (bundles.bundle(ofSlot: slot), keys[bundles.user(ofSlot: slot)])
            let texts = String(decoding: bundles.content(bundles.slices[slot]), as: UTF8.self).split(separator: "\n")
            #expect(texts.count == 2)
            for (item, line) in texts.enumerated() {
                let statistic = bundles.statistic(item, ofBundle: bundle)
                let (start, end) =
                    switch lines {
                    case .statsd: ("\(statistic.path):", "|\(statistic.kind.symbol)")
                    case .keyed: ("\(key).\(statistic.path):", "|\(statistic.kind.symbol)")
                    case .dattss: ("\(key):load:\(statistic.path):", statistic.kind.symbol)
                    }
                #expect(line.hasPrefix(start) && line.hasSuffix(end), "\(line)")
                let value = try #require(Double(line.dropFirst(start.count).dropLast(end.count)))
                #expect(thousandths(value) == bundles.itemSums[bundle * 2 + item], "\(line)")
            }
        }
    }

    /// Goal: what the issue of a flattering load was: a path with the same value every time, always behind the same path.
    @Test("neither values nor orders repeat themselves, and no two bodies are equal")
    func varied() throws {
        let lines = stream { ($0.transport, $0.bundleSize) = (.udp, 20) }
        let bundles = try Bundles.datagrams(lines, keys: ["ann.1"])
        #expect(bundles.count == 10_000)
        var values: [Int32: Set<Int64>] = [:]
        var followers: [Int32: Set<Int32>] = [:]
        for (item, statistic) in bundles.itemStatistics.enumerated() {
            values[statistic, default: []].insert(bundles.itemSums[item])
            if item > 0 { followers[bundles.itemStatistics[item - 1], default: []].insert(statistic) }
        }
        // Two hundred passes over a thousand statistics. Counters have 99 different values.
        #expect(values.count == 1000 && values.values.allSatisfy { $0.count > 60 })
        #expect(followers.values.allSatisfy { $0.count > 150 })
        let bodies = try Bundles.bodies(stream { $0.bundleSize = 50 })
        #expect(bodies.count == 400 && Set(bodies.slices.map(bodies.content)).count == 400)
        #expect(Set(bodies.itemSamples).count == 19, "of partials of 10 samples: 1 to 19")
        // Another seed is another load, and the same one the same.
        #expect(try Bundles.bodies(stream { $0.bundleSize = 50 }).bytes == bodies.bytes)
        #expect(try Bundles.bodies(stream { ($0.bundleSize, $0.seed) = (50, 2) }).bytes != bodies.bytes)
        let same = try Bundles.datagrams(stream { ($0.transport, $0.bundleSize, $0.values) = (.udp, 20, .same) }, keys: ["ann.1"])
        #expect(same.count == 50 && same.itemStatistics == (0..<1000).map { $0 })
    }

    @Test("timers have a long tail, counters and gauges none, and half of the timers and gauges have decimals")
    func distributions() throws {
        var numbers = LoadNumbers(seed: 7, values: .varied)
        func values(of kind: Kind) -> [LoadValue] { (0..<20_000).map { numbers.value(of: kind, $0) } }
        let timers = values(of: .timer).map(\.number).sorted()
        // A log-normal distribution around 40 ms: its p99 is exp(2.326) times the median, its mean exp(1/2).
        #expect(38...42 ~= timers[10_000] && 350...470 ~= timers[19_800])
        #expect(62...70 ~= timers.reduce(0, +) / 20_000)
        let gauges = values(of: .gauge)
        #expect(4900...5100 ~= gauges.map(\.number).reduce(0, +) / 20_000)
        for decimals in 1...3 { #expect(3000...3700 ~= gauges.count { $0.decimals == decimals }) }
        let counters = values(of: .counter)
        #expect(counters.allSatisfy { $0.decimals == 0 } && Set(counters.map(\.number)) == Set((1...99).map(Double.init)))
        for value in gauges + values(of: .timer) {
            var text: [UInt8] = []
            value.write(to: &text)
            let words = String(decoding: text, as: UTF8.self).split(separator: ".", omittingEmptySubsequences: false)
            #expect(Double(String(decoding: text, as: UTF8.self)) == value.number)
            #expect(words.dropFirst().first?.count ?? 0 == value.decimals)
        }
    }

    @Test("users take turns, each has all bundles in each pass, and neighbours have different ones", arguments: [1, 2, 3, 7])
    func slots(users: Int) throws {
        let bundles = try Bundles.bodies(
            stream { ($0.paths, $0.bundleSize, $0.users, $0.variety) = (20, 2, users, 50) })
        for pass in 0..<3 {
            let numbers = (pass * bundles.slotCount)..<((pass + 1) * bundles.slotCount)
            #expect(Set(numbers.map(bundles.slot)).count == bundles.slotCount)
            for number in numbers {
                #expect(bundles.bundle(ofSlot: bundles.slot(ofNumber: number)) == bundles.bundle(ofNumber: number))
                #expect(bundles.user(ofSlot: bundles.slot(ofNumber: number)) == number % users)
                #expect(bundles.bundle(ofNumber: number) != bundles.bundle(ofNumber: number + 1))
            }
        }
    }

    @Test("every body has a number of its own, in front of what is prepared")
    func heads() throws {
        let shape = stream { ($0.paths, $0.bundleSize, $0.users) = (4, 2, 2) }
        let bundles = try Bundles.bodies(shape)
        let head = RequestHead(shape, host: "here:1", keys: ["ann.0123456789abcdef", "bob.2"], run: 0xab)
        var bytes: [UInt8] = []
        for (client, sequence) in [(0, 1), (0, 2), (12, 34_567)] {
            head.write(to: &bytes, user: 0, client: client, sequence: sequence, length: Int(bundles.slices[0].length))
            let request = String(decoding: bytes + bundles.content(bundles.slices[0]), as: UTF8.self)
            let parts = request.split(separator: "\r\n\r\n")
            let lines = parts[0].split(separator: "\r\n")
            #expect(lines[0] == "PUT /agg HTTP/1.1" && lines[2] == "Authorization: Bearer ann.0123456789abcdef")
            #expect(lines[3] == "Content-Length: \(parts[1].utf8.count)")
            let origin = Batch.Origin(client: "load-ab-\(client)", sequence: Int64(sequence))
            #expect(try decoded(Array(parts[1].utf8)).origin == origin)
        }
        let wrong = RequestHead(stream { $0.hasWrongKeys = true }, host: "here:1", keys: ["ann.0123456789abcdef"], run: 1)
        let keys = (1...100).map { sequence in
            wrong.write(to: &bytes, user: 0, client: 3, sequence: sequence, length: 2)
            return String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")[2]
        }
        #expect(Set(keys).count == 100 && keys.allSatisfy { $0.hasPrefix("Authorization: Bearer ann.") && $0.count == 42 })
    }

    @Test("a sum that grew is told from one that grew by a thousandth more or less")
    func sums() {
        // Goal: decimal fractions are rounded when they are added, and yet nothing that is lost goes unnoticed.
        var sum = 12_345.678
        for _ in 0..<100_000 { sum += 0.1 }
        #expect(Witnesses.isSum(10_000_000, from: 12_345.678, to: sum))
        #expect(!Witnesses.isSum(9_999_999, from: 12_345.678, to: sum))
        #expect(!Witnesses.isSum(10_000_001, from: 12_345.678, to: sum))
    }
}
