import DattssCore
import DattssLog
import DattssQuery
import LibC

/// Measures what it takes to say what else moved, among many statistics, in a release build:
///
///     MovedBench FOLDER [STATISTICS]     20,000 by default
///
/// FOLDER keeps what is asked about: it is filled when it is not there. Three in five are counters, one is a gauge, and one a timer with
/// sketches; some move in the last hour. Asked is for an hour against the four before it: out of minute blocks, as on the day itself, and
/// out of a sealed day. Each question comes with the floor, the same minutes read and thrown away.
@main enum MovedBench {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 2, let count = arguments.count > 2 ? Int(arguments[2]) : 20_000, count >= 10 else {
            print("usage: MovedBench FOLDER [STATISTICS]")
            exit(64)
        }
        let store = MovedStore(folder: arguments[1], count: count)
        try store.prepare()
        print("\(count) statistics, an hour against the four before it")
        for name in MovedStore.names { try await measure(store, name) }
    }

    private static func measure(_ store: MovedStore, _ name: String) async throws {
        let source = StoredSeries(history: try store.history(name))
        let end = MovedStore.end(of: name)
        let window = end.advanced(by: -60)..<end
        let baselines: [MoveLayout.Baseline] = [.before]
        for baseline in baselines {
            for round in 0..<3 {
                let floor = try seconds {
                    var points = 0
                    for minutes in [window.lowerBound.advanced(by: -260)..<end] {
                        _ = try source.history.survey(
                            user: MovedStore.user, prefix: "", minutes: minutes, through: nil, withSketches: false,
                            slot: { _ in 0 },
                            body: { _, _, _ in
                                points += 1
                                return true
                            })
                    }
                }
                let (start, processor) = (ContinuousClock.now, processorSeconds)
                let limits = QueryLimits()
                let question = try MoveQuestion(try MoveLayout(window, against: baseline, in: Greenwich()), limit: 50)
                let answer = try await Evaluator(source, limits, QueryWatch(limits)).moved(question)
                let wall = ContinuousClock.now - start
                print(
                    "\(name), \(baseline.rawValue), round \(round + 1): \(wall), processor \(processorSeconds - processor) s, of which reading "
                        + "takes \(floor) s; \(answer.movedCount) of \(answer.comparedCount) moved, "
                        + "\(answer.moved.count { $0.key.path.hasPrefix("moves.") }) of the \(answer.moved.count) furthest were made to; "
                        + "memory at most \(memoryMegabytes) MB")
            }
        }
    }

    /// CPU time of this process so far, which other programs on the machine disturb less than the time on the wall.
    private static var processorSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func seconds(_ body: () throws -> Void) rethrows -> Double {
        let start = processorSeconds
        try body()
        return processorSeconds - start
    }

    /// The most that this process has taken of the machine's memory so far.
    private static var memoryMegabytes: Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss / 1024
    }
}

private struct Greenwich: TimeZoneRules {
    func secondsFromUTC(at time: Timestamp) -> Int64 { 0 }
}

/// The log alone, as the engine asks for it.
private struct StoredSeries: SeriesSource {
    let history: History

    func read(_ request: SeriesRequest, into sink: SeriesSink) async throws -> MinuteRuns {
        try history.survey(
            user: MovedStore.user, prefix: request.pathPrefix, minutes: request.minutes, through: nil,
            withSketches: request.withSketches, slot: { sink.slot(of: $0) }, body: { sink.add($1, isHour: $2, to: $0) }
        ).activeMinutes
    }
}
