/// `/proc/loadavg`: how many processes ran, or waited for a processor or a disk, over 1, 5 and 15 minutes.
struct LoadAverage: Hashable {
    var oneMinute: Double
    var fiveMinutes: Double
    var fifteenMinutes: Double

    init?(loadavg text: String) {
        let numbers = ProcText.words(text[...]).prefix(3).compactMap { Double($0) }
        guard numbers.count == 3 else { return nil }
        (oneMinute, fiveMinutes, fifteenMinutes) = (numbers[0], numbers[1], numbers[2])
    }
}

/// `/proc/uptime`: seconds since the start.
enum Uptime {
    static func seconds(uptime text: String) -> Double? {
        ProcText.words(text[...]).first.flatMap { Double($0) }
    }
}
