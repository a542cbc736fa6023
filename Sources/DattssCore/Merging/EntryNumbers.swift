/// The numbers of a ``MinuteEntry`` but for its sum, which is seldom compact: four bytes each as long as all are
/// ``CompactNumber``s, else eight in the minute's memory.
struct EntryNumbers: Sendable {
    /// By field; in the wide form the first is the position of the arena's block.
    private var compact: InlineArray<8, UInt32> = .init(repeating: 0)

    /// `bottom` and `top` are those of the first part.
    private enum Field: Int {
        case count, max, min, first, last, bottom, top, fraction
    }

    private static let fieldCount = 8
    /// In the place of `fraction`: no compact number has this power of ten.
    private static let wideMark: UInt32 = 0xF

    private var isWide: Bool { compact[Field.fraction.rawValue] == Self.wideMark }

    // MARK: Merging

    mutating func set(_ aggregate: Aggregate, in arena: inout WordArena) {
        set(count: aggregate.count, in: &arena)
        set(aggregate.max, of: .max, in: &arena)
        set(aggregate.min, of: .min, in: &arena)
        set(aggregate.first, of: .first, in: &arena)
        set(aggregate.last, of: .last, in: &arena)
        set(aggregate.bottom, of: .bottom, in: &arena)
        set(aggregate.top, of: .top, in: &arena)
        set(aggregate.fraction, of: .fraction, in: &arena)
    }

    /// - Parameter total: the count with that of `part`.
    mutating func merge(_ part: Aggregate, total: Int64, in arena: inout WordArena) {
        set(count: total, in: &arena)
        if part.max > value(.max, in: arena) { set(part.max, of: .max, in: &arena) }
        if part.min < value(.min, in: arena) { set(part.min, of: .min, in: &arena) }
        set(part.last, of: .last, in: &arena)
        if part.fraction != value(.fraction, in: arena) { set(part.fraction, of: .fraction, in: &arena) }
    }

    // MARK: Reading

    func count(in arena: WordArena) -> Int64 {
        isWide ? Int64(bitPattern: arena[position(of: .count)]) : Int64(compact[Field.count.rawValue])
    }

    /// As long as it is the only one.
    func firstPart(in arena: WordArena) -> WeightedParts.Entry {
        WeightedParts.Entry(bottom: value(.bottom, in: arena), top: value(.top, in: arena), count: count(in: arena))
    }

    func aggregate(sum: Double, _ packed: PackedSketch?, in arena: WordArena) -> Aggregate {
        Aggregate(
            sum: sum, count: count(in: arena), max: value(.max, in: arena), min: value(.min, in: arena),
            first: value(.first, in: arena), last: value(.last, in: arena), bottom: value(.bottom, in: arena),
            top: value(.top, in: arena), fraction: value(.fraction, in: arena), packedSketch: packed)
    }

    // MARK: Fields

    @inline(__always)
    private func value(_ field: Field, in arena: WordArena) -> Double {
        isWide ? Double(bitPattern: arena[position(of: field)]) : CompactNumber(bits: compact[field.rawValue]).value
    }

    @inline(__always)
    private mutating func set(_ value: Double, of field: Field, in arena: inout WordArena) {
        if !isWide {
            if let number = CompactNumber(value) { return compact[field.rawValue] = number.bits }
            widen(in: &arena)
        }
        arena[position(of: field)] = value.bitPattern
    }

    @inline(__always)
    private mutating func set(count: Int64, in arena: inout WordArena) {
        if !isWide {
            if let count = UInt32(exactly: count) { return compact[Field.count.rawValue] = count }
            widen(in: &arena)
        }
        arena[position(of: .count)] = UInt64(bitPattern: count)
    }

    private func position(of field: Field) -> Int { Int(compact[0]) + field.rawValue }

    @inline(never)
    private mutating func widen(in arena: inout WordArena) {
        let block = arena.allocate(Self.fieldCount)
        arena[Int(block)] = UInt64(compact[Field.count.rawValue])
        for field in 1..<Self.fieldCount {
            arena[Int(block) + field] = CompactNumber(bits: compact[field]).value.bitPattern
        }
        compact[0] = block
        compact[Field.fraction.rawValue] = Self.wideMark
    }
}
