import DattssCore
import DattssTestSupport
import LibC

/// Runs the detector of what is unusual as a stream, for `scripts/nab`.
///
///     UsualBench stream LEVEL < SERIES    a line `minute value` a step; prints a line `score isNews` for each
///     UsualBench quiet LEVEL MONTHS       prints `alarms <tab> months <tab> name` of each kind of noise
@main enum UsualBench {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        guard arguments.count >= 2, let level = Double(arguments[2]), level > 0 else { return usage() }
        switch arguments[1] {
        case "stream": stream(level)
        case "quiet": quiet(level, months: arguments.count > 2 ? UInt64(arguments[3]) ?? 1 : 1)
        default: usage()
        }
    }

    private static func usage() {
        print("usage: UsualBench stream LEVEL < SERIES, or UsualBench quiet LEVEL MONTHS; scripts/nab calls it")
        exit(64)
    }

    private static func stream(_ level: Double) {
        var detector = UsualDetector(.level)
        while let line = readLine() {
            let parts = line.split(separator: " ")
            guard parts.count == 2, let minute = Int64(parts[0]), let value = Double(parts[1]) else { return usage() }
            let reading = detector.push(value, at: UsualSlot(Minute(minute)), level: level)
            print(reading.score, reading.isNews ? 1 : 0)
        }
    }

    private static func quiet(_ level: Double, months: UInt64) {
        for series in QuietSeries.all {
            let alarms = (1...max(1, months)).reduce(0) { sum, seed in
                var detector = UsualDetector(series.measure)
                return series.values(seed: seed).reduce(sum) { sum, step in
                    sum + (detector.push(step.value, at: step.slot, level: level).isNews ? 1 : 0)
                }
            }
            print(alarms, months, series.name, separator: "\t")
        }
    }
}
