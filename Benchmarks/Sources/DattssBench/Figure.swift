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
