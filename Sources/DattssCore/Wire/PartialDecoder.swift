/// Decodes one element of `prt.c`, `prt.ms` or `prt.g`.
struct PartialDecoder {
    private let kind: Kind
    private var path: String?
    /// What stood where a path should.
    private var invalidPath: String?
    /// As ``fields`` names them.
    private var numbers: InlineArray<9, Double> = .init(repeating: 0)
    /// Bit i says that number i is there.
    private var present: UInt16 = 0
    private var isEmphasised = false
    private var sketch: PackedSketch?

    private static let fields = ["sum", "cnt", "max", "min", "top", "bot", "fst", "lst", "pct"]
    private static let count = 1
    private static let fraction = 8

    /// - Parameter kind: the kind of the array that it stands in; `typ`, when it is there, must agree.
    @inline(__always)
    static func decode(
        _ cursor: inout JSONCursor, kind: Kind, paths: inout NameCache
    ) throws(WireError) -> Partial {
        var decoder = PartialDecoder(kind: kind)
        try cursor.openObject()
        var isFirst = true
        while let name = try cursor.nextMember(&isFirst) { try decoder.member(name, &cursor, &paths) }
        return try decoder.partial()
    }

    private init(kind: Kind) { self.kind = kind }

    @inline(__always)
    private mutating func member(
        _ name: JSONName, _ cursor: inout JSONCursor, _ paths: inout NameCache
    ) throws(WireError) {
        if let position = Self.position(of: name) {
            // A version 1 client sends null for what it does not have.
            if !cursor.takeNull() { try number(position, &cursor) }
        } else if name == "pth" || (name == "nam" && path == nil && invalidPath == nil) {
            try readPath(&cursor, &paths)
        } else if name == "typ" {
            try type(&cursor)
        } else if name == "emp" {
            if !cursor.takeNull() {
                isEmphasised = try located(".emp") { () throws(WireError) in try cursor.bool() }
            }
        } else if name == "skt" {
            if !cursor.takeNull() {
                sketch = try located(".skt") { () throws(WireError) in try SketchDecoder.decode(&cursor) }
            }
        } else {
            try cursor.skipValue()
        }
    }

    @inline(__always)
    private static func position(of name: JSONName) -> Int? {
        if name == "sum" { return 0 }
        if name == "cnt" { return count }
        if name == "max" { return 2 }
        if name == "min" { return 3 }
        if name == "top" { return 4 }
        if name == "bot" { return 5 }
        if name == "fst" { return 6 }
        if name == "lst" { return 7 }
        if name == "pct" { return fraction }
        return nil
    }

    @inline(__always)
    private mutating func number(_ position: Int, _ cursor: inout JSONCursor) throws(WireError) {
        let value = try located(".\(Self.fields[position])") { () throws(WireError) in
            position == Self.count ? try cursor.integer() : try cursor.number()
        }
        guard present & 1 << UInt16(position) == 0 else {
            throw WireError(.malformed, ".\(Self.fields[position]): is there twice")
        }
        present |= 1 << UInt16(position)
        numbers[position] = value
    }

    @inline(__always)
    private mutating func readPath(_ cursor: inout JSONCursor, _ paths: inout NameCache) throws(WireError) {
        var found = ""
        path = try located(".pth") { () throws(WireError) in try cursor.path(&paths, found: &found) }
        // An error only when no path comes behind it: a version 2 client may send anything as nam.
        if path == nil { invalidPath = found }
    }

    @inline(__always)
    private func type(_ cursor: inout JSONCursor) throws(WireError) {
        let isKind =
            switch kind {
            case .counter: cursor.takeLiteral("\"c\"")
            case .timer: cursor.takeLiteral("\"ms\"")
            case .gauge: cursor.takeLiteral("\"g\"")
            }
        if !isKind { try anyType(&cursor) }
    }

    /// Written in another way, or another kind.
    @inline(never)
    private func anyType(_ cursor: inout JSONCursor) throws(WireError) {
        let symbol = try located(".typ") { () throws(WireError) in try cursor.string() }
        guard Kind(symbol: symbol) == kind else {
            throw WireError(.badKind, ".typ: is '\(symbol.prefix(16))' in the array of \(kind.symbol)")
        }
    }

    @inline(__always)
    private func partial() throws(WireError) -> Partial {
        guard let path else { throw noPath() }
        let missing = ~present & 0b0_1111_1111
        guard missing == 0 else {
            throw WireError(.missingField, ".\(Self.fields[missing.trailingZeroBitCount]): is missing")
        }
        guard let count = Int64(exactly: numbers[Self.count]) else {
            throw WireError(.badValue, ".cnt: is \(numbers[Self.count]), expected an integer")
        }
        let hasFraction = present & 1 << UInt16(Self.fraction) != 0
        let aggregate = Aggregate(
            sum: numbers[0], count: count, max: numbers[2], min: numbers[3], first: numbers[6], last: numbers[7],
            bottom: numbers[5], top: numbers[4], fraction: hasFraction ? numbers[Self.fraction] : Aggregate.defaultFraction,
            isEmphasised: isEmphasised, packedSketch: sketch)
        do { return Partial(StatisticKey(kind, path), try aggregate.checked()) } catch {
            throw WireError(.badValue, ".\(error.field): \(error.problem)")
        }
    }

    private func noPath() -> WireError {
        guard let invalidPath else { return WireError(.missingField, ".pth: is missing") }
        return WireError(
            .badPath,
            ".pth: '\(invalidPath.prefix(64))' is no path, expected 1 to \(Name.pathBytesMax) of A-Z a-z 0-9 _ . : ! -")
    }
}
