import CDatagramFloor
import DattssClient
import DattssCore
import DattssLog
import DattssPipeline
import DattssServer
import Synchronization

/// A stage of ingest that can be measured by itself.
struct Stage: Sendable {
    let name: String
    let item: String
    /// What the floor does.
    let floor: String
    /// Each call of the result does the stage's work on the whole input and returns how many items that were.
    let prepare: @Sendable (StageInput) -> () -> Int
    let prepareFloor: @Sendable (StageInput) -> () -> Int

    static let all = [
        record, decodeDatagrams, accumulate, flush, decodeBodies, decodeSketches, merge, roll, encode, compress, replay,
    ]

    private static let record = Stage(
        name: "count in the Swift client", item: "sample", floor: "copy of 8 numbers",
        prepare: { input in
            let stats = Dattss(auth: "nobody")
            let paths = input.statistics.map(\.path)
            return {
                for path in paths { stats.count(path) }
                return paths.count
            }
        }, prepareFloor: { copyNumbers($0.statistics.count) })

    private static let decodeDatagrams = Stage(
        name: "decode a datagram", item: "sample", floor: "scan of the bytes",
        prepare: { input in
            {
                var samples = 0
                for datagram in input.datagrams {
                    datagram.withUnsafeBytes { bytes in
                        DatagramLine.forEachLine(of: bytes) { line in
                            if (try? DatagramLine.parse(line)) != nil { samples += 1 }
                        }
                    }
                }
                return samples
            }
        }, prepareFloor: { scan($0.datagrams, items: $0.items) })

    private static let accumulate = Stage(
        name: "accumulate a datagram", item: "sample", floor: "the bare loop in C",
        prepare: { input in
            var collector = collector(input)
            // A period is long enough that its beginning and end cost next to nothing a sample.
            return {
                let samples = receive(input.datagrams[...], by: &collector)
                _ = collector.flush()
                return samples
            }
        }, prepareFloor: { bareLoop($0) })

    private static let flush = Stage(
        name: "flush a second", item: "partial", floor: "copy of 8 numbers",
        prepare: { input in
            var collector = collector(input)
            // Filling it is a part, of one sample a partial.
            return {
                _ = receive(input.datagrams[..<input.onePass], by: &collector)
                return collector.flush().periods.reduce(0) { $0 + $1.period.partials().count }
            }
        }, prepareFloor: { copyNumbers($0.statistics.count) })

    private static let decodeBodies = Stage(
        name: "decode a body", item: "partial", floor: "scan of the bytes",
        prepare: { decode($0.bodies) }, prepareFloor: { scan($0.bodies, items: $0.items) })

    private static let decodeSketches = Stage(
        name: "decode a body with sketches", item: "partial", floor: "scan of the bytes",
        prepare: { decode($0.sketchBodies) }, prepareFloor: { scan($0.sketchBodies, items: $0.items) })

    private static let merge = Stage(
        name: "merge into window, status and minute", item: "partial", floor: "copy of 8 numbers",
        prepare: { input in
            var user = MergingUser(input)
            return { user.apply(input.batches[...]) }
        }, prepareFloor: { copyNumbers($0.statistics.count) })

    private static let roll = Stage(
        name: "merge and roll a minute", item: "partial", floor: "copy of 8 numbers",
        prepare: { input in
            var user = MergingUser(input)
            return {
                _ = user.apply(input.batches[..<input.onePass])
                return user.roll()
            }
        }, prepareFloor: { copyNumbers($0.statistics.count) })

    private static let encode = Stage(
        name: "encode an accepted batch", item: "partial", floor: "copy of the record",
        prepare: { input in
            { input.batches.reduce(0) { $0 + (record($1).isEmpty ? 0 : $1.partials.count) } }
        },
        prepareFloor: { input in
            {
                var copy: [UInt8] = []
                for record in input.records {
                    copy.removeAll(keepingCapacity: true)
                    copy += record
                    keep(UInt64(copy[copy.count / 2]))
                }
                return input.batches.reduce(0) { $0 + $1.partials.count }
            }
        })

    private static let compress = Stage(
        name: "encode and compress", item: "partial", floor: "zstd alone",
        prepare: { input in
            let compressor = ZstdCompressor(level: 1)
            return {
                input.batches.reduce(0) { count, batch in
                    let compressed = try? compressor.compress(record(batch))
                    return count + (compressed == nil ? 0 : batch.partials.count)
                }
            }
        },
        prepareFloor: { input in
            let compressor = ZstdCompressor(level: 1)
            return {
                zip(input.records, input.batches).reduce(0) { count, pair in
                    let compressed = try? compressor.compress(pair.0)
                    return count + (compressed == nil ? 0 : pair.1.partials.count)
                }
            }
        })

    private static let replay = Stage(
        name: "decode a record and merge it", item: "partial", floor: "scan of the bytes",
        prepare: { input in
            var user = MergingUser(input)
            return { user.apply(input.records.compactMap { try? BatchCodec.decode($0).batch }[...]) }
        },
        prepareFloor: { input in
            {
                keep(input.records.reduce(0) { $0 &+ $1.withUnsafeBytes(sum) })
                return input.batches.reduce(0) { $0 + $1.partials.count }
            }
        })
}

/// The pieces of which stages and floors are made.
extension Stage {
    static func record(_ batch: Batch) -> [UInt8] { BatchCodec.encode(user: .local, batch: batch) }

    private static func decode(_ bodies: [[UInt8]]) -> () -> Int {
        var paths = NameCache()
        return {
            var partials = 0
            for body in bodies {
                let decoded = try? body.withUnsafeBytes { try BatchDecoder.decode($0, limits: Limits(), paths: &paths) }
                partials += decoded?.partials.count ?? 0
            }
            return partials
        }
    }

    private static func collector(_ input: StageInput) -> DatagramCollector {
        var limits = Limits()
        limits.liveStatisticsPerUser = input.statistics.count
        return DatagramCollector(authenticator: NobodysKeys(), statsdUser: .local, limits: limits)
    }

    /// - Returns: how many samples were taken in.
    private static func receive(_ datagrams: ArraySlice<[UInt8]>, by collector: inout DatagramCollector) -> Int {
        let before = collector.counts.samples
        for datagram in datagrams { datagram.withUnsafeBytes { collector.receive($0) } }
        return collector.counts.samples - before
    }

    private struct NobodysKeys: Authenticator {
        func owner(ofKey key: String) -> KeyOwner? { nil }
    }

    /// The loop that the UDP port is measured against, without its socket.
    private static func bareLoop(_ input: StageInput) -> () -> Int {
        let slack = [UInt8](repeating: 0, count: Int(DATAGRAM_FLOOR_SLACK))
        let datagrams = input.datagrams.map { $0 + slack }
        let table = BareTable()
        return {
            var counts = datagram_floor_counts()
            for datagram in datagrams {
                datagram.withUnsafeBytes {
                    datagram_floor_take(table.pointer, $0.baseAddress, $0.count - slack.count, &counts)
                }
            }
            return Int(counts.samples)
        }
    }

    private final class BareTable {
        let pointer = datagram_floor_table_create()

        deinit { datagram_floor_table_destroy(pointer) }
    }

    /// Looks at every byte once, as any decoder has to.
    private static func scan(_ bundles: [[UInt8]], items: Int) -> () -> Int {
        {
            keep(bundles.reduce(0) { $0 &+ $1.withUnsafeBytes(sum) })
            return bundles.count * items
        }
    }

    private static func sum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        bytes.reduce(UInt64(0)) { $0 &+ UInt64($1) }
    }

    /// Adds eight numbers a statistic to an array: what aggregating would cost if there were nothing to look up or to keep.
    private static func copyNumbers(_ count: Int) -> () -> Int {
        var numbers = [SIMD8<Double>](repeating: .zero, count: count)
        return {
            for index in numbers.indices { numbers[index] += SIMD8(repeating: 1) }
            keep(UInt64(numbers[count - 1][0]))
            return count
        }
    }

    /// Keeps the compiler from leaving out work whose result nobody reads.
    private static func keep(_ value: UInt64) { kept.store(value, ordering: .relaxed) }

    private static let kept = Atomic<UInt64>(0)

    /// One user's state, fed as the aggregator feeds it: a batch a millisecond.
    private struct MergingUser {
        private var state = UserState(user: .local)
        private var table = StatisticTable()
        private var now: Timestamp
        private let ids: [[StatisticID]]

        init(_ input: StageInput) {
            now = Timestamp(seconds: 1_795_330_000)
            var table = table
            ids = input.batches.map { batch in batch.partials.map { table.intern($0.key) } }
            self.table = table
        }

        mutating func apply(_ batches: ArraySlice<Batch>) -> Int {
            var partials = 0
            for (batch, ids) in zip(batches, ids) {
                now = Timestamp(milliseconds: now.milliseconds + 1)
                state.apply(batch, ids: ids, at: now)
                partials += batch.partials.count
            }
            return partials
        }

        mutating func roll() -> Int {
            let closed = state.close(through: now.minute)
            now = Timestamp(milliseconds: now.milliseconds + 60_000)
            guard let closed else { return 0 }
            keep(UInt64(closed.closed(user: .local).entryCount))
            return closed.count
        }
    }
}

extension UserMinute {
    fileprivate var entryCount: Int { withExtendedLifetime(self) { 1 } }
}
