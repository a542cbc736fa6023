/// A line of a table of measurements.
struct Figure {
    var name: String
    var value: String
    /// What something simple needs for the same, in the same run; empty where there is no such thing.
    var floor = ""
    var target = ""
}

/// Prints figures as a Markdown table, each as soon as it is known.
struct FigureTable {
    init() { print("| figure | measured | floor, same run | target |\n| --- | --- | --- | --- |") }

    func add(_ figure: Figure) {
        print("| \(figure.name) | \(figure.value) | \(figure.floor) | \(figure.target) |")
    }

    func add(_ figures: [Figure]) { for figure in figures { add(figure) } }
}

extension Double {
    /// With so many decimals: `4.70`.
    func text(_ decimals: Int = 2) -> String {
        guard isFinite, magnitude < 0x1p53 else { return "–" }
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let scaled = Int64((magnitude * scale).rounded())
        let (whole, fraction) = scaled.quotientAndRemainder(dividingBy: Int64(scale))
        let sign = self < 0 && scaled > 0 ? "-" : ""
        guard decimals > 0 else { return sign + String(whole) }
        let digits = String(fraction)
        return sign + "\(whole)." + String(repeating: "0", count: decimals - digits.count) + digits
    }
}
