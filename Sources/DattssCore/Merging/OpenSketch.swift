/// Where the open minute keeps the sketch of a merge: mostly as counts of neighbouring buckets, to which merging adds in place.
///
///     block   [ zero count | counts … ]     of 2 bytes each, or 4 when there are more samples than 2 bytes can count
///
/// What has no place there (negative samples, buckets far apart, folded ones) is a ``Sketch`` of its own.
struct OpenSketch: Sendable {
    /// Where the block is in the arena, or the sketch among ``MinuteMemory/sketches``.
    private var position: UInt32 = 0
    /// The bucket of the first count.
    private var first: Int32 = 0
    /// How many counts there are, in steps.
    private var steps: UInt8 = 0
    private var form = Form.none

    private enum Form: UInt8 {
        case none, narrow, wide, apart
    }

    /// As many as a store keeps, so that nothing that fits here would have been folded there.
    private static let widthMax = BucketStore.capacity
    private static let widthStep = 32

    /// How many counts there are.
    private var width: Int { Int(steps) * Self.widthStep }
    var isEmpty: Bool { form == .none }
    /// Whether ``add(_:total:in:)`` may take something in.
    var isRow: Bool { form == .narrow || form == .wide }

    /// The buckets that samples fell into.
    struct Range: Sendable {
        var first: Int32
        var width: UInt16

        static let none = Range(first: 0, width: 0)
    }

    // MARK: Adding

    /// - Parameters:
    ///   - total: how many samples there are with those of `sketch`, which bounds every count.
    ///   - expected: the buckets that are likely to be needed.
    /// - Returns: false, and nothing changed, when it has no place in a row.
    mutating func add(
        _ sketch: PackedSketch, total: Int64, expecting expected: Range = .none, in arena: inout WordArena
    ) -> Bool {
        sketch.withStores { zeroCount, positive, negative in
            guard negative.count == 0, positive.collapsedCount == 0 else { return false }
            let bounds = positive.bounds ?? (first: first, last: first - 1)
            guard prepare(bounds.first, bounds.last, total, expected, &arena) else { return false }
            arena.withMutableBlock(position) { block in
                Self.add(zeroCount, at: 0, Int64.self, block)
                let (counts, first) = (block + Self.headBytes, Int(first))
                if form == .narrow {
                    positive.forEach { Self.add($1, at: Int($0) - first, UInt16.self, counts) }
                } else {
                    positive.forEach { Self.add($1, at: Int($0) - first, UInt32.self, counts) }
                }
            }
            return true
        }
    }

    /// The same for equal samples.
    mutating func add(_ value: Double, weight: Int64, total: Int64, in arena: inout WordArena) -> Bool {
        guard value >= 0 else { return false }
        let index = value > 0 ? SketchIndex.of(magnitude: value) : first
        guard prepare(index, value > 0 ? index : index - 1, total, .none, &arena) else { return false }
        arena.withMutableBlock(position) { block in
            let (counts, place) = (block + Self.headBytes, Int(index) - Int(first))
            if value == 0 {
                Self.add(weight, at: 0, Int64.self, block)
            } else if form == .narrow {
                Self.add(weight, at: place, UInt16.self, counts)
            } else {
                Self.add(weight, at: place, UInt32.self, counts)
            }
        }
        return true
    }

    /// Makes room for buckets and for as large counts as there may be.
    private mutating func prepare(
        _ lowest: Int32, _ highest: Int32, _ total: Int64, _ expected: Range, _ arena: inout WordArena
    ) -> Bool {
        guard form != .apart, total <= UInt32.max else { return false }
        let wanted: Form = total <= UInt16.max ? .narrow : .wide
        let isThere = lowest >= first && Int(highest) < Int(first) + width
        if isThere, form.rawValue >= wanted.rawValue { return true }
        var (low, end) = (Int(first), Int(first) + width)
        for range in [(Int(lowest), Int(highest) + 1), (Int(expected.first), Int(expected.first) + Int(expected.width))]
        where range.0 < range.1 {
            (low, end) = low == end ? range : (min(low, range.0), max(end, range.1))
        }
        let newWidth = (end - low + Self.widthStep - 1) / Self.widthStep * Self.widthStep
        guard newWidth <= Self.widthMax else { return false }
        move(to: wanted.rawValue > form.rawValue ? wanted : form, first: Int32(low), width: newWidth, &arena)
        return true
    }

    private mutating func move(to newForm: Form, first newFirst: Int32, width newWidth: Int, _ arena: inout WordArena) {
        let new = arena.allocate(Self.wordCount(newForm, newWidth))
        if form != .none {
            arena[Int(new)] = arena[Int(position)]
            for offset in 0..<width {
                let count = arena.withBlock(position) { block in
                    form == .narrow
                        ? UInt32(block.load(fromByteOffset: Self.headBytes + offset * 2, as: UInt16.self))
                        : block.load(fromByteOffset: Self.headBytes + offset * 4, as: UInt32.self)
                }
                let place = Int(first) - Int(newFirst) + offset
                arena.withMutableBlock(new) { block in
                    if newForm == .narrow {
                        Self.add(Int64(count), at: place, UInt16.self, block + Self.headBytes)
                    } else {
                        Self.add(Int64(count), at: place, UInt32.self, block + Self.headBytes)
                    }
                }
            }
            arena.release(position, Self.wordCount(form, width))
        }
        (position, form, first, steps) = (new, newForm, newFirst, UInt8(newWidth / Self.widthStep))
    }

    private static func wordCount(_ form: Form, _ width: Int) -> Int { 1 + width * (form == .narrow ? 2 : 4) / 8 }

    /// In front of the counts.
    private static let headBytes = 8

    /// Adds to one of a row of counts. By raw loads and stores, because the arena's memory is one of words.
    @inline(__always)
    private static func add<Count: FixedWidthInteger & BitwiseCopyable>(
        _ more: Int64, at index: Int, _ type: Count.Type, _ counts: UnsafeMutableRawPointer
    ) {
        let place = counts + index * MemoryLayout<Count>.stride
        place.storeBytes(of: place.load(as: type) &+ Count(truncatingIfNeeded: more), as: type)
    }

    // MARK: As a value of its own

    /// The sketch, if there is one.
    func packed(in memory: MinuteMemory) -> PackedSketch? {
        switch form {
        case .none: nil
        case .apart: PackedSketch(memory.sketches[Int(position)])
        case .narrow: packed(UInt16.self, in: memory.arena)
        case .wide: packed(UInt32.self, in: memory.arena)
        }
    }

    private func packed<Count: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ type: Count.Type, in arena: WordArena
    ) -> PackedSketch {
        arena.withBlock(position) { block in
            let counts = UnsafeRawBufferPointer(
                start: block + Self.headBytes, count: width * MemoryLayout<Count>.stride)
            return PackedSketch(
                zeroCount: block.load(as: Int64.self), positive: BucketRun<Count>(first: first, counts: counts),
                negative: NoBuckets())
        }
    }

    /// Takes the sketch out, to be changed and set again.
    mutating func take(from memory: inout MinuteMemory) -> Sketch? {
        guard form == .apart else { return packed(in: memory).map { Sketch($0) } }
        var taken = Sketch()
        swap(&taken, &memory.sketches[Int(position)])
        return taken
    }

    /// - Parameter total: how many samples it has at most.
    mutating func set(_ sketch: Sketch?, total: Int64, in memory: inout MinuteMemory) {
        if form == .apart, let sketch {
            memory.sketches[Int(position)] = sketch
            return
        }
        if isRow { memory.arena.release(position, Self.wordCount(form, width)) }
        self = OpenSketch()
        guard let sketch, !add(PackedSketch(sketch), total: total, in: &memory.arena) else { return }
        (form, position) = (.apart, UInt32(memory.sketches.count))
        memory.sketches.append(sketch)
    }

    /// The buckets that have samples.
    /// - Parameter packed: what ``packed(in:)`` gave.
    func range(of packed: PackedSketch?) -> Range {
        guard isRow, let bounds = packed?.withStores({ _, positive, _ in positive.bounds }) else { return .none }
        return Range(first: bounds.first, width: UInt16(bounds.last - bounds.first + 1))
    }
}
