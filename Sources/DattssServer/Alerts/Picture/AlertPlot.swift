import DattssCore

/// What a rule looked at before it fired, as the drawing of a letter.
///
///     number ┤      ▁▂▁      ░░ it fires
///     ────── │─ ─ ─ ─ ─ ─ ─ ─░░─  the threshold
///            │▁▁▂▁▁▁▁▁▂▁▁▁▁▁▁▟░
///            └──┴──────┴──────┴─  hours of UTC
struct AlertPlot: Sendable {
    /// From when to when, in seconds since 1970.
    var range: Range<Int64>
    /// The beginning of each bin of which anything is known, its smallest and its largest number.
    var points: [(at: Int64, low: Double, high: Double)]
    var stepSeconds: Int64
    /// Where there is one.
    var threshold: Double?
    /// From when to when it fires; empty for one that is good again.
    var fired: Range<Int64>
    /// What the message says, which may be later than the last bin.
    var value: Double?

    /// As it is shown; drawn twice as large, for screens whose pixels are small.
    static let (shownWidth, shownHeight) = (520, 170)
    private static let scale = 2
    private static let (left, right, top, bottom) = (104, 16, 20, 36)

    private var width: Int { Self.shownWidth * Self.scale }
    private var height: Int { Self.shownHeight * Self.scale }

    /// The lowest and the highest number that is shown, with some air around them.
    private var domain: ClosedRange<Double> {
        let known = points.flatMap { [$0.low, $0.high] } + [threshold, value].compactMap(\.self)
        guard let low = known.min(), let high = known.max() else { return 0...1 }
        // (Halves, so that the largest numbers are no trouble.)
        let found = Swift.max(high / 2 - low / 2, high.magnitude / 32)
        let span = found > 0 ? found : 1
        let floor = low >= 0 && low < high * 0.7 ? 0 : low - span * 0.16
        let most = Double.greatestFiniteMagnitude
        return Swift.max(floor, -most)...Swift.min(high + span * 0.16, most)
    }

    func drawn() -> Raster {
        var raster = Raster(width: width, height: height)
        let domain = domain
        let plot = (x: Self.left..<width - Self.right, y: Self.top..<height - Self.bottom)
        func x(_ at: Int64) -> Int {
            let share = Double(at - range.lowerBound) / Double(range.upperBound - range.lowerBound)
            return plot.x.lowerBound + Int((share * Double(plot.x.count)).rounded())
        }
        func y(_ value: Double) -> Int {
            let share = (domain.upperBound / 2 - value / 2) / (domain.upperBound / 2 - domain.lowerBound / 2)
            return plot.y.lowerBound + Int((share.clamped(0, 1) * Double(plot.y.count)).rounded())
        }
        if !fired.isEmpty {
            let from = x(Swift.max(fired.lowerBound, range.lowerBound))
            raster.fill(x: from..<Swift.max(from + 4, x(Swift.min(fired.upperBound, range.upperBound))), y: plot.y, .fired)
        }
        for tick in Self.ticks(domain) {
            let line = y(tick)
            raster.fill(x: plot.x, y: line..<line + 2, .grid)
            let text = AlertMessage.Entry.short(tick)
            let left = plot.x.lowerBound - 12 - Raster.textWidth(text, scale: Self.scale)
            raster.draw(text, x: left, y: line - Raster.textHeight(scale: Self.scale) / 2, scale: Self.scale, .ink)
        }
        drawCurve(&raster, x, y)
        if let threshold {
            let line = y(threshold)
            for dash in stride(from: plot.x.lowerBound, to: plot.x.upperBound, by: 20) {
                raster.fill(x: dash..<Swift.min(dash + 12, plot.x.upperBound), y: line - 1..<line + 2, .threshold)
            }
        }
        raster.fill(x: plot.x, y: plot.y.upperBound..<plot.y.upperBound + 2, .axis)
        drawHours(&raster, plot.y.upperBound, x)
        return raster
    }

    /// Each bin from its smallest to its largest number, and a line to the next one; nothing bridges a gap.
    private func drawCurve(_ raster: inout Raster, _ x: (Int64) -> Int, _ y: (Double) -> Int) {
        var before: (end: Int64, low: Double, high: Double)?
        for point in points {
            let (from, to) = (x(point.at), x(point.at + stepSeconds))
            raster.fill(x: from..<Swift.max(to, from + 3), y: y(point.high) - 1..<y(point.low) + 2, .curve)
            if let before, before.end == point.at {
                let (upper, lower) = (Swift.max(before.low, point.low), Swift.min(before.high, point.high))
                if upper > lower { raster.fill(x: from - 1..<from + 2, y: y(upper)..<y(lower) + 1, .curve) }
            }
            before = (point.at + stepSeconds, point.low, point.high)
        }
        // What was found last may not be of a minute that is over.
        guard let value else { return }
        let (end, line) = (x(range.upperBound), y(value))
        raster.fill(x: end - 5..<end + 5, y: line - 5..<line + 5, .threshold)
    }

    private func drawHours(_ raster: inout Raster, _ axis: Int, _ x: (Int64) -> Int) {
        let text = axis + 10
        raster.draw("UTC", x: Self.left - 12 - Raster.textWidth("UTC", scale: Self.scale), y: text, scale: Self.scale, .axis)
        let first = (range.lowerBound + 3599).flooredQuotient(by: 3600) * 3600
        for hour in stride(from: first, to: range.upperBound, by: 3600) {
            raster.fill(x: x(hour)..<x(hour) + 2, y: axis..<axis + 8, .axis)
            let number = hour.flooredQuotient(by: 3600) % 24
            let label = (number < 10 ? "0" : "") + "\(number):00"
            let left = x(hour) - Raster.textWidth(label, scale: Self.scale) / 2
            guard left > Self.left, left + Raster.textWidth(label, scale: Self.scale) < width else { continue }
            raster.draw(label, x: left, y: text, scale: Self.scale, .ink)
        }
    }

    /// Round numbers, at most five.
    static func ticks(_ domain: ClosedRange<Double>) -> [Double] {
        let span = domain.upperBound - domain.lowerBound
        guard span.isFinite, span > 0 else { return [] }
        let rough = span / 4
        var unit = 1.0
        while unit > rough, unit > 1e-300 { unit /= 10 }
        while unit * 10 <= rough { unit *= 10 }
        guard let step = [1, 2, 5, 10].map({ $0 * unit }).first(where: { $0 >= rough }) else { return [] }
        let first = (domain.lowerBound / step).rounded(.up)
        return (0..<6).map { (first + Double($0)) * step }.filter { domain.contains($0) }
    }
}
