import LibC

/// A line a second and stream on standard error, while a run goes on.
struct ProgressLines: Sendable {
    let isQuiet: Bool

    func note(_ text: String) {
        if !isQuiet { Self.print("     … \(text)") }
    }

    /// Prints until it is cancelled.
    func show(
        _ streams: [(stream: LoadStream, tallies: [SharedTally])], phase: Int, of phases: Int, from start: Int64, to end: Int64
    ) async {
        guard !isQuiet else { return }
        var earlier = streams.map { _ in SharedTally.Progress() }
        for second in 1... {
            let next = start + Int64(second) * 1_000_000_000
            // Cancellation ends the wait.
            try? await Task.sleep(for: .nanoseconds(max(0, next - SteadyTime.now)))
            if Task.isCancelled || next > end + 1_000_000 { return }
            for (index, (stream, tallies)) in streams.enumerated() {
                let now = tallies.reduce(into: SharedTally.Progress()) { $0.add($1.takeRecent()) }
                let place = phases > 1 ? "phase \(phase)/\(phases) " : ""
                Self.print(place + Self.line(stream, second: second, earlier[index], now))
                earlier[index] = now
            }
        }
    }

    static func line(
        _ stream: LoadStream, second: Int, _ earlier: SharedTally.Progress, _ now: SharedTally.Progress
    ) -> String {
        let title = "\(second) s".leftPadded(6) + "  " + stream.title.padded(8)
        let sent = now.sent.items - earlier.sent.items
        guard stream.transport != .udp else {
            let datagrams = now.sent.bundles - earlier.sent.bundles
            return "\(title)  sent \(datagrams.grouped) datagrams/s  \(sent.grouped) samples/s"
        }
        var line = "\(title)  acknowledged \((now.acknowledged.bundles - earlier.acknowledged.bundles).grouped) requests/s"
        if stream.transport == .http {
            line += "  \((now.acknowledged.items - earlier.acknowledged.items).grouped) partials/s"
        }
        if let median = now.latency.milliseconds(percentile: 50), let high = now.latency.milliseconds(percentile: 99) {
            line += "  p50 \(median.rounded(digits: 2)) p99 \(high.rounded(digits: 2)) ms"
        }
        if now.refused > earlier.refused { line += "  refused \((now.refused - earlier.refused).grouped)" }
        return line
    }

    private static func print(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        // A line that cannot be shown is not missed.
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}

extension SharedTally.Progress {
    fileprivate mutating func add(_ other: SharedTally.Progress) {
        sent += other.sent
        acknowledged += other.acknowledged
        refused += other.refused
        latency.add(other.latency)
    }
}

extension BinaryInteger {
    /// `1,234,567`
    var grouped: String {
        let digits = String(magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return (self < 0 ? "-" : "") + text
    }
}

extension Double {
    func rounded(digits: Int) -> String {
        let scale = digits == 2 ? 100.0 : 10.0
        return ((self * scale).rounded() / scale).description
    }
}

extension String {
    func padded(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
    func leftPadded(_ width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
