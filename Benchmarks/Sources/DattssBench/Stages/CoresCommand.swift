import ArgumentParser
import DattssCore
import DattssPipeline
import DattssServer
import Dispatch
import LibC
import Synchronization

/// `dattss-bench cores`
struct CoresCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cores",
        abstract: "Replays datagrams from memory into one collector, and into several at once.",
        discussion: """
            Each thread has what a UDP socket of the server has: a collector of its own, whose periods become partials. A \
            generator over real sockets would need the cores itself.
            """)

    @Option(help: "How many threads are compared with one.") var threads = 2
    @Option(help: "Distinct statistics.") var paths = 1000
    @Option(help: "Samples in a datagram.") var items = 20
    @Option(help: "What values and orders are drawn from.") var seed: UInt64 = 1
    @Option(help: "How often each is measured, by turns.") var rounds = 5
    @Option(help: "Samples of a thread in a round.") var samples = 4_000_000
    @Flag(help: "Print the figures as JSON.") var json = false

    /// A second's, at a busy port.
    fileprivate static let periodSamples = 1_000_000

    func validate() throws {
        guard 2...64 ~= threads else { throw ValidationError("--threads is \(threads), expected 2 to 64") }
        guard 1...1_000_000 ~= paths else { throw ValidationError("--paths is \(paths), expected 1 to 1000000") }
        guard 1...1000 ~= items else { throw ValidationError("--items is \(items), expected 1 to 1000") }
        guard 1...1000 ~= rounds else { throw ValidationError("--rounds is \(rounds), expected 1 to 1000") }
        guard 1...1_000_000_000 ~= samples else { throw ValidationError("--samples is \(samples), expected 1 to 1000000000") }
    }

    func run() throws {
        var stream = LoadStream()
        (stream.transport, stream.paths, stream.bundleSize, stream.seed) = (.udp, paths, items, seed)
        let bundles = try Bundles.datagrams(stream, keys: [""])
        let datagrams = bundles.slices.map(bundles.content)
        var runs: [Int: [CollectorRun]] = [:]
        for _ in 0..<rounds {
            for count in [1, threads] { runs[count, default: []].append(CollectorRun(of: count, datagrams, samples: samples)) }
        }
        let figures = [1, threads].map { count in
            (threads: count, rate: median(runs[count], \.rate), nanoseconds: median(runs[count], \.nanoseconds))
        }
        let lines = figures.map { figure in
            let ratio = figure.rate / figures[0].rate
            return json
                ? "{\"threads\":\(figure.threads),\"rate\":\(figure.rate),\"ratio\":\(ratio),\"nanoseconds\":\(figure.nanoseconds)}"
                : "| \(figure.threads) | \(figure.rate.rounded(digits: 0)) | \(ratio.rounded(digits: 2)) "
                    + "| \(figure.nanoseconds.rounded(digits: 1)) |"
        }
        if json { return print("[\(lines.joined(separator: ","))]") }
        print("| threads | samples/s | against one | CPU ns a sample |\n| --- | --- | --- | --- |")
        lines.forEach { print($0) }
    }

    private func median(_ runs: [CollectorRun]?, _ figure: (CollectorRun) -> Double) -> Double {
        let sorted = (runs ?? []).map(figure).sorted()
        return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    }
}

/// What some threads took in at once.
private struct CollectorRun {
    /// Samples a second, of all threads.
    let rate: Double
    /// CPU time a sample.
    let nanoseconds: Double

    init(of threads: Int, _ datagrams: [[UInt8]], samples: Int) {
        let totals = Totals()
        let began = SteadyTime.now
        let group = DispatchGroup()
        for number in 0..<threads {
            // A queue of its own has a thread of its own; a pool may find that the machine is busy, and do one after the other.
            DispatchQueue(label: "dattss.cores.\(number)").async(group: group) {
                let before = Self.threadNanoseconds
                let samples = Self.collect(datagrams, from: number * datagrams.count / threads, samples: samples)
                totals.samples.add(samples, ordering: .relaxed)
                totals.processor.add(Self.threadNanoseconds - before, ordering: .relaxed)
            }
        }
        group.wait()
        let count = Double(totals.samples.load(ordering: .relaxed))
        rate = count / (Double(SteadyTime.now - began) / 1e9)
        nanoseconds = Double(totals.processor.load(ordering: .relaxed)) / count
    }

    private final class Totals: Sendable {
        let samples = Atomic<Int>(0)
        let processor = Atomic<Int>(0)
    }

    private static func collect(_ datagrams: [[UInt8]], from start: Int, samples: Int) -> Int {
        var collector = DatagramCollector(authenticator: NobodysKeys(), statsdUser: .local, limits: Limits(memoryBytes: 1 << 30))
        var (next, inPeriod) = (start, 0)
        while collector.counts.samples < samples {
            datagrams[next].withUnsafeBytes { collector.receive($0) }
            next = next + 1 == datagrams.count ? 0 : next + 1
            if collector.counts.samples - inPeriod >= CoresCommand.periodSamples {
                inPeriod = collector.counts.samples
                precondition(collector.flush().periods.allSatisfy { !$0.period.partials().isEmpty }, "a period without partials")
            }
        }
        return collector.counts.samples
    }

    private static var threadNanoseconds: Int {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int(time.tv_sec) * 1_000_000_000 + Int(time.tv_nsec)
    }

    private struct NobodysKeys: Authenticator {
        func owner(ofKey key: String) -> KeyOwner? { nil }
    }
}
