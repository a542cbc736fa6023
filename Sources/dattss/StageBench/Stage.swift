import CLoadSockets
import DattssClient
import DattssCore
import DattssServer
import DattssLog
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
            let paths = input.datagrams.statistics.map(\.path)
            return {
                for path in paths { stats.count(path) }
                return paths.count
            }
        }, prepareFloor: { copyNumbers($0.datagrams.statistics.count) })

    private static let decodeDatagrams = Stage(
        name: "decode a datagram", item: "sample", floor: "scan of the bytes",
        prepare: { input in
            {
                var samples = 0
                input.datagrams.forEach { datagram in
                    DatagramLine.forEachLine(of: datagram) { line in
                        if (try? DatagramLine.parse(line)) != nil { samples += 1 }
                    }
                }
                return samples
            }
        }, prepareFloor: { scan($0.datagrams) })

    private static let accumulate = Stage(
        name: "accumulate a datagram", item: "sample", floor: "scan of the bytes",
        prepare: { input in
            var table = AccumulatorTable(capacity: input.datagrams.statistics.count)
            // A period is long enough that its beginning and end cost next to nothing a sample.
            return {
                let samples = (0..<100).reduce(0) { samples, _ in samples + add(input.datagrams, to: &table) }
                _ = table.takePeriod()
                return samples
            }
        }, prepareFloor: { scan($0.datagrams) })

    private static let flush = Stage(
        name: "flush a second", item: "partial", floor: "copy of 8 numbers",
        prepare: { input in
            var table = AccumulatorTable(capacity: input.datagrams.statistics.count)
            // Filling it is a part, of one sample a partial.
            return {
                _ = add(input.datagrams, to: &table)
                return table.flush().count
            }
        }, prepareFloor: { copyNumbers($0.datagrams.statistics.count) })

    private static let decodeBodies = Stage(
        name: "decode a body", item: "partial", floor: "scan of the bytes",
        prepare: { decode($0.bodies) }, prepareFloor: { scan($0.bodies) })

    private static let decodeSketches = Stage(
        name: "decode a body with sketches", item: "partial", floor: "scan of the bytes",
        prepare: { decode($0.sketchBodies) }, prepareFloor: { scan($0.sketchBodies) })

    private static let merge = Stage(
        name: "merge into window, status and minute", item: "partial", floor: "copy of 8 numbers",
        prepare: { input in
            var user = MergingUser(input)
            return { user.apply(input.batches) }
        }, prepareFloor: { copyNumbers($0.bodies.statistics.count) })

    private static let roll = Stage(
        name: "merge and roll a minute", item: "partial", floor: "copy of 8 numbers",
        prepare: { input in
            var user = MergingUser(input)
            return {
                _ = user.apply(input.batches)
                return user.roll()
            }
        }, prepareFloor: { copyNumbers($0.bodies.statistics.count) })

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
            return { user.apply(input.records.compactMap { try? BatchCodec.decode($0).batch }) }
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

    private static func decode(_ bodies: Bundles) -> () -> Int {
        var paths = NameCache()
        return {
            var partials = 0
            bodies.forEach { body in
                let decoded = try? BatchDecoder.decode(body.json, limits: Limits(), paths: &paths)
                partials += decoded?.partials.count ?? 0
            }
            return partials
        }
    }

    private static func add(_ datagrams: Bundles, to table: inout AccumulatorTable) -> Int {
        var samples = 0
        datagrams.forEach { samples += table.addLines(of: $0.bindMemory(to: UInt8.self)) }
        return samples
    }

    /// Looks at every byte once, as any decoder has to.
    private static func scan(_ bundles: Bundles) -> () -> Int {
        {
            var total: UInt64 = 0
            bundles.forEach { total &+= sum($0) }
            keep(total)
            return bundles.count * bundles.size
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

        mutating func apply(_ batches: [Batch]) -> Int {
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

extension Bundles {
    func forEach(_ body: (UnsafeRawBufferPointer) -> Void) {
        bytes.withUnsafeBytes { bytes in
            for slice in slices {
                body(UnsafeRawBufferPointer(rebasing: bytes[Int(slice.offset)..<Int(slice.offset + slice.length)]))
            }
        }
    }

    /// The bodies, decoded.
    func decodedBatches() throws -> [Batch] {
        var batches: [Batch] = []
        var problem: WireError?
        forEach { body in
            do throws(WireError) { batches.append(try BatchDecoder.decode(body.json)) } catch { problem = error }
        }
        if let problem { throw problem }
        return batches
    }
}

extension UnsafeRawBufferPointer {
    /// What stands behind the head's last line.
    fileprivate var json: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self[(firstIndex(of: UInt8(ascii: "{")) ?? endIndex)...])
    }
}
