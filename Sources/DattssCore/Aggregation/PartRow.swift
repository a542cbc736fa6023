/// Where the open minute keeps the ``WeightedParts`` of a merge: a number each as long as all are single samples, else three an
/// entry. The numbers are ``CompactNumber``s as long as all can be.
struct PartRow: Sendable {
    private var position: UInt32 = 0
    private var capacity: UInt8 = 0
    private(set) var count: UInt8 = 0
    private var form = Form()
    private var isJoined = false

    private struct Form: OptionSet, Sendable {
        let rawValue: UInt8

        static let wide = Form(rawValue: 1)
        static let entries = Form(rawValue: 2)

        var numbersPerEntry: Int { contains(.entries) ? 3 : 1 }
        var numberBytes: Int { contains(.wide) ? 8 : 4 }

        func wordCount(_ capacity: UInt8) -> Int { (Int(capacity) * numbersPerEntry * numberBytes + 7) / 8 }
    }

    /// What a row took the last time.
    struct Room: Sendable {
        var count: UInt8 = 0
        var isWide = false
    }

    var isEmpty: Bool { count == 0 }
    var room: Room { Room(count: count, isWide: form.contains(.wide)) }

    /// - Parameter expected: what is likely to be needed.
    /// - Returns: false, and nothing changed, when there is no room for another entry.
    mutating func add(_ new: WeightedParts.Entry, expecting expected: Room, in arena: inout WordArena) -> Bool {
        if count == 0, expected.isWide { form.insert(.wide) }
        if !form.contains(.entries) {
            if new.isSingle, !hasSingle(new.bottom, in: arena) { return append(new, expecting: expected.count, in: &arena) }
            change(to: form.union(.entries), in: &arena)
        }
        for index in 0..<Int(count) {
            var entry = entry(index, in: arena)
            guard entry.bottom == new.bottom, entry.top == new.top else { continue }
            entry.count = entry.count.saturatingAdd(new.count)
            put(entry, at: index, in: &arena)
            return true
        }
        return append(new, expecting: expected.count, in: &arena)
    }

    // MARK: As a value of its own

    init() {}

    init(_ parts: WeightedParts, in arena: inout WordArena) {
        if !parts.areSingles { form = .entries }
        isJoined = parts.isJoined
        for index in 0..<parts.count { _ = append(parts.entry(index), expecting: UInt8(parts.count), in: &arena) }
    }

    func parts(in arena: WordArena) -> WeightedParts {
        let entries = (0..<Int(count)).map { entry($0, in: arena) }
        return form.contains(.entries)
            ? WeightedParts(entries: entries, isJoined: isJoined) : WeightedParts(singles: entries.map(\.bottom))
    }

    mutating func release(in arena: inout WordArena) {
        arena.release(position, form.wordCount(capacity))
        self = PartRow()
    }

    // MARK: Entries

    private func hasSingle(_ value: Double, in arena: WordArena) -> Bool {
        if count == 0 { return false }
        return arena.withBlock(position) { block in
            if form.contains(.wide) {
                let doubles = UnsafeBufferPointer(start: block.assumingMemoryBound(to: Double.self), count: Int(count))
                return doubles.contains(value)
            }
            guard let bits = CompactNumber(value)?.bits else { return false }
            return UnsafeBufferPointer(start: block.assumingMemoryBound(to: UInt32.self), count: Int(count)).contains(bits)
        }
    }

    private func entry(_ index: Int, in arena: WordArena) -> WeightedParts.Entry {
        let number = index * form.numbersPerEntry
        return arena.withBlock(position) { block in
            let isWide = form.contains(.wide)
            func double(_ offset: Int) -> Double {
                isWide
                    ? block.assumingMemoryBound(to: Double.self)[number + offset]
                    : CompactNumber(bits: block.assumingMemoryBound(to: UInt32.self)[number + offset]).value
            }
            guard form.contains(.entries) else { return WeightedParts.Entry(bottom: double(0), top: double(0), count: 1) }
            let count =
                isWide
                ? block.assumingMemoryBound(to: Int64.self)[number + 2]
                : Int64(block.assumingMemoryBound(to: UInt32.self)[number + 2])
            return WeightedParts.Entry(bottom: double(0), top: double(1), count: count)
        }
    }

    /// - Precondition: there is room at the index, and a single is one.
    private mutating func put(_ entry: WeightedParts.Entry, at index: Int, in arena: inout WordArena) {
        if !form.contains(.wide), !putCompact(entry, at: index, in: &arena) { change(to: form.union(.wide), in: &arena) }
        guard form.contains(.wide) else { return }
        let (number, hasEntries) = (index * form.numbersPerEntry, form.contains(.entries))
        arena.withMutableBlock(position) { block in
            block.assumingMemoryBound(to: Double.self)[number] = entry.bottom
            guard hasEntries else { return }
            block.assumingMemoryBound(to: Double.self)[number + 1] = entry.top
            block.assumingMemoryBound(to: Int64.self)[number + 2] = entry.count
        }
    }

    /// - Returns: false, and nothing changed, for what is not compact.
    private func putCompact(_ entry: WeightedParts.Entry, at index: Int, in arena: inout WordArena) -> Bool {
        guard let bottom = CompactNumber(entry.bottom), let top = CompactNumber(entry.top),
            let count = UInt32(exactly: entry.count)
        else { return false }
        let (number, hasEntries) = (index * form.numbersPerEntry, form.contains(.entries))
        arena.withMutableBlock(position) { block in
            let numbers = block.assumingMemoryBound(to: UInt32.self)
            numbers[number] = bottom.bits
            guard hasEntries else { return }
            (numbers[number + 1], numbers[number + 2]) = (top.bits, count)
        }
        return true
    }

    private mutating func append(
        _ entry: WeightedParts.Entry, expecting expected: UInt8, in arena: inout WordArena
    ) -> Bool {
        guard reserve(expected, in: &arena) else { return false }
        put(entry, at: Int(count), in: &arena)
        count += 1
        return true
    }

    private mutating func change(to larger: Form, in arena: inout WordArena) {
        let entries = (0..<Int(count)).map { entry($0, in: arena) }
        arena.release(position, form.wordCount(capacity))
        form = larger
        if capacity > 0 { position = arena.allocate(form.wordCount(capacity)) }
        for (index, entry) in entries.enumerated() { put(entry, at: index, in: &arena) }
    }

    /// Makes room for another entry.
    private mutating func reserve(_ expected: UInt8, in arena: inout WordArena) -> Bool {
        if count < capacity { return true }
        guard count < WeightedParts.capacity else { return false }
        let before = form.wordCount(capacity)
        capacity = Self.capacity(for: max(count + 1, expected))
        position = arena.grow(position, from: before, to: form.wordCount(capacity))
        return true
    }

    /// Twelve are what a process sends in a minute.
    private static func capacity(for count: UInt8) -> UInt8 {
        capacities.first { $0 >= count } ?? UInt8(WeightedParts.capacity)
    }

    private static let capacities: [UInt8] = [2, 4, 8, 12, 16, 24, 32, 48]
}
