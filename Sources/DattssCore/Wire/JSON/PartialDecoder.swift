/// Decodes the elements of `prt.c`, `prt.ms` or `prt.g`, one after the other.
struct PartialDecoder {
    private let kind: Kind
    private var path: String?
    /// Whether the path is called `nam`, as version 1 does it.
    private var isVersion1 = false
    /// What stood where a path should.
    private var invalidPath: String?
    /// As ``fields`` names them.
    private var numbers: InlineArray<9, Double> = .init(repeating: 0)
    /// Bit i says that number i is there, bit ``sketch`` that a sketch is.
    private var present: UInt16 = 0
    /// Which members were there, also as null: at the positions of ``UsualMember``, and behind them.
    private var seen = SeenMembers()
    private var isEmphasised = false
    /// Whether percentiles are missing, and something else stands for them.
    private var isFilledIn = false
    private var sketch: PackedSketch?
    /// The bounds of the sketch, as ``SketchDecoder`` gives them.
    private var sketchBounds: (lowest: Int32, highest: Int32)?

    private static let fields = ["sum", "cnt", "max", "min", "top", "bot", "fst", "lst", "pct"]
    private static let count = 1
    private static let first = 6
    private static let last = 7
    private static let fraction = 8
    private static let sketch = 9
    /// Where ``seen`` has what is no ``UsualMember``.
    private static let (seenSketch, seenName) = (12, 13)

    /// - Parameter kind: the kind of the array that the partials stand in; `typ`, when it is there, must agree.
    init(kind: Kind) { self.kind = kind }

    /// Decodes the next partial. After an error there is none.
    @inline(__always)
    mutating func decode(
        _ cursor: inout JSONCursor, to partials: inout [Partial], _ paths: inout NameCache
    ) throws(WireError) {
        (present, seen, isEmphasised, isFilledIn) = (0, SeenMembers(), false, false)
        if invalidPath != nil { invalidPath = nil }
        try cursor.openObject()
        var isFirst = true
        while !takeUsualMembers(&cursor, &isFirst, &paths) {
            guard try takeMember(&cursor, &isFirst, &paths) else { break }
        }
        if let partial = try partial() { partials.append(partial) }
    }

    /// Takes members as long as they are as usual: mostly all of them. What ``member(_:_:_:)`` does, where that is simple: no
    /// errors, and no value that is null.
    /// - Returns: whether the end came behind them, and is taken, too.
    @inline(never)
    private mutating func takeUsualMembers(
        _ cursor: inout JSONCursor, _ isFirst: inout Bool, _ paths: inout NameCache
    ) -> Bool {
        var words = JSONWordReader(cursor, isFirst: isFirst)
        var taken = seen
        while let name = words.name(), let position = UsualMember.position(of: name) {
            var seen = taken
            guard seen.take(position) else { break }
            if position <= Self.fraction {
                guard let number = words.number(isInteger: position == Self.count) else { break }
                numbers[position] = number
            } else if position == UsualMember.path {
                guard let path = words.path(&paths) else { break }
                (self.path, isVersion1) = (path, false)
            } else if position == UsualMember.type {
                guard Self.takeType(kind, &words) else { break }
            } else {
                let isTrue = words.take("true")
                guard isTrue || words.take("false") else { break }
                isEmphasised = isTrue
            }
            taken = seen
        }
        present |= (taken.bits ^ seen.bits) & 0b1_1111_1111
        seen = taken
        guard let end = words.end else { return false }
        isFirst = false
        cursor.position = end
        return cursor.takeObjectEnd()
    }

    @inline(__always)
    private static func takeType(_ kind: Kind, _ words: inout JSONWordReader) -> Bool {
        switch kind {
        case .counter: words.take("\"c\"")
        case .timer: words.take("\"ms\"")
        case .gauge: words.take("\"g\"")
        }
    }

    /// Takes one member, whatever it is.
    /// - Returns: false for the end.
    @inline(never)
    private mutating func takeMember(
        _ cursor: inout JSONCursor, _ isFirst: inout Bool, _ paths: inout NameCache
    ) throws(WireError) -> Bool {
        guard let name = try cursor.nextMember(&isFirst) else { return false }
        try member(name, &cursor, &paths)
        return true
    }

    @inline(__always)
    private mutating func member(
        _ name: JSONName, _ cursor: inout JSONCursor, _ paths: inout NameCache
    ) throws(WireError) {
        if let position = Self.position(of: name) {
            try seen.insert(position, ".\(Self.fields[position])")
            // A version 1 client sends null for what it does not have.
            if !cursor.takeNull() { try number(position, &cursor) }
        } else if name == "pth" {
            try seen.insert(UsualMember.path, ".pth")
            try readPath(&cursor, &paths)
            isVersion1 = false
        } else if name == "nam" {
            try seen.insert(Self.seenName, ".nam")
            guard path == nil, invalidPath == nil else { return try cursor.skipValue() }
            try readPath(&cursor, &paths)
            isVersion1 = true
        } else if name == "typ" {
            try seen.insert(UsualMember.type, ".typ")
            try type(&cursor)
        } else if name == "emp" {
            try seen.insert(UsualMember.emphasis, ".emp")
            if !cursor.takeNull() {
                isEmphasised = try located(".emp") { () throws(WireError) in try cursor.bool() }
            }
        } else if name == "skt" {
            try seen.insert(Self.seenSketch, ".skt")
            if !cursor.takeNull() {
                sketch = try located(".skt") { () throws(WireError) in try SketchDecoder.decode(&cursor, &sketchBounds) }
                present |= 1 &<< UInt16(Self.sketch)
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

    /// - Returns: nil for a partial of no samples, of which there is nothing to count.
    @inline(__always)
    private mutating func partial() throws(WireError) -> Partial? {
        guard let path = path.take() else { throw noPath() }
        if has(Self.count), numbers[Self.count] == 0, try isEmpty() { return nil }
        if ~present & 0b0_1111_1111 != 0 { try fillIn() }
        let count = try sampleCount()
        let fraction = has(Self.fraction) ? numbers[Self.fraction] : Aggregate.defaultFraction
        if !has(Self.sketch), !isFilledIn,
            let aggregate = Aggregate.sound(
                sum: numbers[0], count: count, max: numbers[2], min: numbers[3], first: numbers[6], last: numbers[7],
                bottom: numbers[5], top: numbers[4], fraction: fraction, isEmphasised: isEmphasised)
        {
            return Partial(StatisticKey(kind, path), aggregate)
        }
        return Partial(StatisticKey(kind, path), try anyAggregate(count, fraction))
    }

    /// With a sketch, or unsound.
    @inline(never)
    private mutating func anyAggregate(_ count: Int64, _ fraction: Double) throws(WireError) -> Aggregate {
        let aggregate = Aggregate(
            sum: numbers[0], count: count, max: numbers[2], min: numbers[3], first: numbers[6], last: numbers[7],
            bottom: numbers[5], top: numbers[4], fraction: fraction, isEmphasised: isEmphasised,
            isApproximate: isFilledIn, packedSketch: sketch.take())
        do { return try aggregate.checked().withSketchInRange(sketchBounds).mended() } catch {
            throw WireError(.badValue, ".\(error.field): \(error.problem)")
        }
    }

    @inline(__always)
    private func has(_ position: Int) -> Bool { present & 1 &<< UInt16(position) != 0 }

    @inline(__always)
    private func sampleCount() throws(WireError) -> Int64 {
        let number = numbers[Self.count]
        // `Int64(exactly:)` calls a function of the C library.
        if number.magnitude <= 0x1p53 {
            let count = Int64(number)
            if Double(count) == number { return count }
        } else if let count = Int64(exactly: number) {
            return count
        }
        throw WireError(.badValue, ".cnt: is \(number), expected an integer")
    }

    /// Whether a partial of no samples has nothing in it. The original's clients may send such ones.
    @inline(never)
    private mutating func isEmpty() throws(WireError) -> Bool {
        guard !has(0) || numbers[0] == 0 else { return false }
        sketch = nil
        return true
    }

    /// What a version 1 client did not tell, out of what it told: its `fst` is null for a single sample.
    @inline(never)
    private mutating func fillIn() throws(WireError) {
        let missing = ~present & 0b0_1111_1111
        guard isVersion1, has(0), has(Self.count), numbers[Self.count] >= 1 else {
            throw WireError(.missingField, ".\(Self.fields[missing.trailingZeroBitCount]): is missing")
        }
        let mean = numbers[0] / numbers[Self.count]
        var (low, high) = (mean, mean)
        for position in 2..<Self.fraction where has(position) {
            (low, high) = (min(low, numbers[position]), max(high, numbers[position]))
        }
        let first = has(Self.last) ? numbers[Self.last] : mean
        let last = has(Self.first) ? numbers[Self.first] : mean
        for (position, value) in [(2, high), (3, low), (4, high), (5, low), (Self.first, first), (Self.last, last)]
        where !has(position) {
            numbers[position] = value
            present |= 1 << UInt16(position)
            // The sum of a single sample says all of it.
            if position < Self.first, numbers[Self.count] != 1 { isFilledIn = true }
        }
    }

    private func noPath() -> WireError {
        guard let invalidPath else { return WireError(.missingField, ".pth: is missing") }
        return WireError(
            .badPath,
            ".pth: '\(invalidPath.prefix(64))' is no path, expected 1 to \(Name.pathBytesMax) of A-Z a-z 0-9 _ . : ! -")
    }
}
