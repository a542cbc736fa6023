import AllocationCounting
import ArgumentParser
import CLoadSockets
import DattssCore

/// `dattss-bench stages`
struct StageBenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stages",
        abstract: "Measures each stage of ingest, in nanoseconds and allocations an item.",
        discussion: """
            Each stage works on prepared input, again and again; the figure is the median of the rounds. Its floor is measured \
            in the same round: the least that has to be done to the same bytes, or the library alone. Allocations are counted \
            when the program runs with LD_PRELOAD=libAllocationCount.so ('swift build -c release --product AllocationCount').
            """)

    @Option(help: "Only stages whose name contains this.") var only: String?
    @Option(help: "Distinct statistics.") var paths = 1000
    @Option(help: "What values and orders are drawn from.") var seed: UInt64 = 1
    @Option(help: "Samples in a datagram, partials in a body.") var items = 50
    @Option(help: "How often each stage is measured.") var rounds = 9
    @Flag(help: "Print the figures as JSON.") var json = false

    func validate() throws {
        guard 1...1_000_000 ~= paths else { throw ValidationError("--paths is \(paths), expected 1 to 1000000") }
        guard 1...10_000 ~= items else { throw ValidationError("--items is \(items), expected 1 to 10000") }
        guard 1...1000 ~= rounds else { throw ValidationError("--rounds is \(rounds), expected 1 to 1000") }
    }

    func run() throws {
        let input = try StageInput(paths: paths, items: items, seed: seed)
        let chosen = Stage.all.filter { only == nil || $0.name.contains(only ?? "") }
        let figures = chosen.map { StageFigure(measuring: $0, on: input, rounds: rounds) }
        if json {
            print("[" + figures.map(\.json).joined(separator: ",") + "]")
        } else {
            print("| stage | an item is | ns an item | floor | ns an item | ratio | allocations an item | bytes |")
            print("| --- | --- | --- | --- | --- | --- | --- | --- |")
            figures.forEach { print($0.row) }
        }
    }
}

/// What the stages of one run work on: what `dattss-bench load` sends, and so as varied.
struct StageInput: Sendable {
    let statistics: [StatisticKey]
    /// Items of a bundle, and how many of the first bundles have each statistic once.
    let items: Int
    let onePass: Int
    let datagrams: [[UInt8]]
    let bodies: [[UInt8]]
    let sketchBodies: [[UInt8]]
    let batches: [Batch]
    let records: [[UInt8]]

    init(paths: Int, items: Int, seed: UInt64) throws {
        var stream = LoadStream()
        (stream.paths, stream.bundleSize, stream.seed, self.items) = (paths, items, seed, items)
        onePass = (paths + items - 1) / items
        bodies = try Self.bodies(stream)
        batches = try bodies.map { try $0.withUnsafeBytes { bytes in try BatchDecoder.decode(bytes) } }
        records = batches.map(Stage.record)
        (stream.hasSketches, stream.samplesPerPartial) = (true, 100)
        sketchBodies = try Self.bodies(stream)
        stream.transport = .udp
        let bundles = try Bundles.datagrams(stream, keys: [""])
        statistics = bundles.statistics
        datagrams = bundles.slices.map(bundles.content)
    }

    /// Whole bodies, each a client's next batch.
    private static func bodies(_ stream: LoadStream) throws -> [[UInt8]] {
        let bundles = try Bundles.bodies(stream)
        return bundles.slices.enumerated().map { number, slice in
            Array(#"{"cid":"load","seq":\#(number + 1),"#.utf8) + bundles.content(slice)
        }
    }
}

extension Bundles {
    func content(_ slice: load_slice) -> [UInt8] { Array(bytes[Int(slice.offset)..<Int(slice.offset + slice.length)]) }
}

/// A stage as it was measured: medians of the rounds.
struct StageFigure {
    private let stage: Stage
    private let nanoseconds: Double
    private let floorNanoseconds: Double
    private let allocations: Double?
    private let allocatedBytes: Double?

    init(measuring stage: Stage, on input: StageInput, rounds: Int) {
        self.stage = stage
        let work = stage.prepare(input)
        let floor = stage.prepareFloor(input)
        var (times, floors, calls, bytes): ([Double], [Double], [Double], [Double]) = ([], [], [], [])
        // The first round warms up.
        for round in 0...rounds {
            let (callsBefore, bytesBefore) = (AllocationCount.calls, AllocationCount.bytes)
            let began = SteadyTime.now
            let items = work()
            let between = SteadyTime.now
            let (callsAfter, bytesAfter) = (AllocationCount.calls, AllocationCount.bytes)
            let floorBegan = SteadyTime.now
            let floorItems = floor()
            let ended = SteadyTime.now
            guard round > 0 else { continue }
            times.append(Double(between - began) / Double(max(1, items)))
            floors.append(Double(ended - floorBegan) / Double(max(1, floorItems)))
            if let callsBefore, let callsAfter { calls.append(Double(callsAfter - callsBefore) / Double(max(1, items))) }
            if let bytesBefore, let bytesAfter { bytes.append(Double(bytesAfter - bytesBefore) / Double(max(1, items))) }
        }
        nanoseconds = times.median ?? 0
        floorNanoseconds = floors.median ?? 0
        allocations = calls.median
        allocatedBytes = bytes.median
    }

    private var ratio: Double { nanoseconds / max(0.001, floorNanoseconds) }

    var row: String {
        let cells = [
            stage.name, stage.item, nanoseconds.rounded(digits: 1), stage.floor, floorNanoseconds.rounded(digits: 2),
            ratio.rounded(digits: 2), allocations?.rounded(digits: 2) ?? "–", allocatedBytes?.rounded(digits: 1) ?? "–",
        ]
        return "| " + cells.joined(separator: " | ") + " |"
    }

    var json: String {
        """
        {"stage":"\(stage.name)","nanoseconds":\(nanoseconds),"floorNanoseconds":\(floorNanoseconds),"ratio":\(ratio),\
        "allocations":\(allocations.map { "\($0)" } ?? "null"),"allocatedBytes":\(allocatedBytes.map { "\($0)" } ?? "null")}
        """
    }
}

extension [Double] {
    fileprivate var median: Double? { isEmpty ? nil : sorted()[count / 2] }
}
