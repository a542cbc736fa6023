/// Decodes one element of `prt.c`, `prt.ms` or `prt.g`.
enum PartialDecoder {
    /// - Parameter kind: the kind of the array that it stands in; `typ`, when it is there, must agree.
    static func decode(_ cursor: inout JSONCursor, kind: Kind) throws(WireError) -> Partial {
        var path: String?
        var numbers = Numbers()
        var isEmphasised = false
        var sketch: Sketch?
        try cursor.object { (name, cursor) throws(WireError) in
            if name == "pth" || (name == "nam" && path == nil) {
                path = try field("pth", &cursor) { (cursor) throws(WireError) in try cursor.string() }
            } else if name == "typ" {
                let symbol = try field("typ", &cursor) { (cursor) throws(WireError) in try cursor.string() }
                guard Kind(symbol: symbol) == kind else {
                    throw WireError(.badKind, ".typ: is '\(symbol.prefix(16))' in the array of \(kind.symbol)")
                }
            } else if name == "emp" {
                if !cursor.takeNull() {
                    isEmphasised = try field("emp", &cursor) { (cursor) throws(WireError) in try cursor.bool() }
                }
            } else if name == "skt" {
                if !cursor.takeNull() {
                    sketch = try field("skt", &cursor) { (cursor) throws(WireError) in try SketchDecoder.decode(&cursor) }
                }
            } else if let position = Numbers.position(of: name) {
                // A version 1 client sends null for what it does not have.
                if !cursor.takeNull() {
                    let field = Numbers.fields[position]
                    let number = try self.field(field, &cursor) { (cursor) throws(WireError) in
                        field == "cnt" ? try cursor.integer() : try cursor.number()
                    }
                    try numbers.set(position, field, number)
                }
            } else {
                try cursor.skipValue()
            }
        }
        guard let path else { throw WireError(.missingField, ".pth: is missing") }
        guard Name.isValidPath(path.utf8) else {
            throw WireError(
                .badPath, ".pth: '\(path.prefix(64))' is no path, expected 1 to \(Name.pathBytesMax) of A-Z a-z 0-9 _ . : ! -")
        }
        let aggregate = try numbers.aggregate(isEmphasised: isEmphasised, sketch: sketch)
        return Partial(StatisticKey(kind, path), aggregate)
    }

    private static func field<Value>(
        _ field: String, _ cursor: inout JSONCursor, _ read: (inout JSONCursor) throws(WireError) -> Value
    ) throws(WireError) -> Value {
        try located(".\(field)") { () throws(WireError) in try read(&cursor) }
    }

    /// The numbers of a partial as they come in, in any order.
    private struct Numbers {
        private var values: InlineArray<9, Double> = .init(repeating: 0)
        private var present: UInt16 = 0

        static let fields = ["sum", "cnt", "max", "min", "top", "bot", "fst", "lst", "pct"]

        static func position(of name: borrowing JSONName) -> Int? {
            if name == "sum" { return 0 }
            if name == "cnt" { return 1 }
            if name == "max" { return 2 }
            if name == "min" { return 3 }
            if name == "top" { return 4 }
            if name == "bot" { return 5 }
            if name == "fst" { return 6 }
            if name == "lst" { return 7 }
            if name == "pct" { return 8 }
            return nil
        }

        mutating func set(_ position: Int, _ field: String, _ value: Double) throws(WireError) {
            guard present & 1 << UInt16(position) == 0 else { throw WireError(.malformed, ".\(field): is there twice") }
            present |= 1 << UInt16(position)
            values[position] = value
        }

        func aggregate(isEmphasised: Bool, sketch: Sketch?) throws(WireError) -> Aggregate {
            let missing = ~present & 0b0_1111_1111
            if missing != 0 {
                throw WireError(.missingField, ".\(Self.fields[missing.trailingZeroBitCount]): is missing")
            }
            guard let count = Int64(exactly: values[1]) else {
                throw WireError(.badValue, ".cnt: is \(values[1]), expected an integer")
            }
            let hasFraction = present & 1 << 8 != 0
            let aggregate = Aggregate(
                sum: values[0], count: count, max: values[2], min: values[3], first: values[6], last: values[7],
                bottom: values[5], top: values[4], fraction: hasFraction ? values[8] : Aggregate.defaultFraction,
                isEmphasised: isEmphasised, sketch: sketch)
            do { return try aggregate.checked() } catch {
                throw WireError(.badValue, ".\(error.field): \(error.problem)")
            }
        }
    }
}
