public import DattssCore

/// Writes the lines of a table: see ``AggregateColumns``.
public struct AggregateLineWriter {
    /// What was written so far; whoever writes it out may empty it.
    public var bytes: [UInt8] = []
    private let columns: AggregateColumns

    /// A writer of lines with these columns.
    public init(_ columns: AggregateColumns) { self.columns = columns }

    /// Appends the line that names the columns.
    public mutating func appendHeader() {
        append(columns.header)
        bytes.append(UInt8(ascii: "\n"))
    }

    /// Appends one aggregate of one minute as a line.
    public mutating func append(_ minute: Minute, _ key: StatisticKey, _ aggregate: Aggregate) {
        append(minute.index * 60)
        field(key.kind.symbol)
        // The alphabet of paths has nothing that would have to be quoted.
        field(key.path)
        field(aggregate.sum)
        comma()
        append(aggregate.count)
        field(aggregate.max)
        field(aggregate.min)
        field(aggregate.top)
        field(aggregate.bottom)
        field(aggregate.first)
        field(aggregate.last)
        if columns.hasSketch {
            comma()
            if let sketch = aggregate.sketch { append(sketch) }
        }
        if columns.hasExtras {
            field(aggregate.fraction)
            field(aggregate.isEmphasised ? "1" : "0")
            field(aggregate.isApproximate ? "1" : "0")
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    private mutating func append(_ sketch: Sketch) {
        append("z ")
        append(sketch.zeroCount)
        append(sketch.positive, " p", " cp ")
        append(sketch.negative, " n", " cn ")
    }

    private mutating func append(_ store: BucketStore, _ name: StaticString, _ collapsedName: StaticString) {
        guard !store.isEmpty else { return }
        append(name)
        for (index, count) in store.ascending {
            bytes.append(UInt8(ascii: " "))
            append(Int64(index))
            bytes.append(UInt8(ascii: " "))
            append(count)
        }
        guard store.collapsedCount > 0 else { return }
        append(collapsedName)
        append(store.collapsedCount)
    }

    private mutating func field(_ text: String) {
        comma()
        append(text)
    }

    private mutating func field(_ value: Double) {
        comma()
        bytes.append(shortest: value)
    }

    private mutating func comma() { bytes.append(UInt8(ascii: ",")) }
    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }
    private mutating func append(_ value: Int64) { bytes.append(contentsOf: String(value).utf8) }
    private mutating func append(_ text: StaticString) { text.withUTF8Buffer { bytes.append(contentsOf: $0) } }
}

extension [UInt8] {
    /// The shortest decimal that reads back as the same double; whole numbers up to 2^53 without a fraction.
    mutating func append(shortest value: Double) {
        if let integer = DecimalScale.integer(value) {
            append(contentsOf: String(integer).utf8)
        } else {
            append(contentsOf: value.description.utf8)
        }
    }
}
