/// Where the open minute keeps the ``WeightedParts`` of a merge: a value each as long as all are single samples, else three
/// words an entry.
struct PartRow: Sendable {
    private var position: UInt32 = 0
    private var capacity: UInt8 = 0
    private(set) var count: UInt8 = 0
    private var areSingles = true
    private var isJoined = false

    var isEmpty: Bool { count == 0 }

    /// - Parameter expected: how many entries there will be, as far as anybody knows.
    /// - Returns: false, and nothing changed, when there is no room for another entry.
    mutating func add(_ new: WeightedParts.Entry, expecting expected: UInt8, in arena: inout WordArena) -> Bool {
        if areSingles {
            if new.isSingle, !singles(in: arena).contains(new.bottom) {
                guard reserve(expected, in: &arena) else { return false }
                arena[Int(position) + Int(count)] = new.bottom.bitPattern
                count += 1
                return true
            }
            keepEntries(in: &arena)
        }
        for index in 0..<Int(count) {
            let entry = entry(index, in: arena)
            guard entry.bottom == new.bottom, entry.top == new.top else { continue }
            arena[Int(position) + 3 * index + 2] = UInt64(bitPattern: entry.count.saturatingAdd(new.count))
            return true
        }
        guard reserve(expected, in: &arena) else { return false }
        set(Int(count), new, in: &arena)
        count += 1
        return true
    }

    // MARK: As a value of its own

    init() {}

    init(_ parts: WeightedParts, in arena: inout WordArena) {
        areSingles = parts.areSingles
        isJoined = parts.isJoined
        _ = reserve(UInt8(parts.count), in: &arena)
        count = UInt8(parts.count)
        for index in 0..<parts.count {
            if areSingles {
                arena[Int(position) + index] = parts.entry(index).bottom.bitPattern
            } else {
                set(index, parts.entry(index), in: &arena)
            }
        }
    }

    func parts(in arena: WordArena) -> WeightedParts {
        areSingles
            ? WeightedParts(singles: Array(singles(in: arena)))
            : WeightedParts(entries: (0..<Int(count)).map { entry($0, in: arena) }, isJoined: isJoined)
    }

    mutating func release(in arena: inout WordArena) {
        arena.release(position, wordCount(capacity))
        self = PartRow()
    }

    // MARK: Words

    private func singles(in arena: WordArena) -> some Collection<Double> {
        arena.words[Int(position)..<Int(position) + Int(count)].lazy.map { Double(bitPattern: $0) }
    }

    private func entry(_ index: Int, in arena: WordArena) -> WeightedParts.Entry {
        let word = Int(position) + 3 * index
        return WeightedParts.Entry(
            bottom: Double(bitPattern: arena[word]), top: Double(bitPattern: arena[word + 1]),
            count: Int64(bitPattern: arena[word + 2]))
    }

    private func set(_ index: Int, _ entry: WeightedParts.Entry, in arena: inout WordArena) {
        let word = Int(position) + 3 * index
        arena[word] = entry.bottom.bitPattern
        arena[word + 1] = entry.top.bitPattern
        arena[word + 2] = UInt64(bitPattern: entry.count)
    }

    private func wordCount(_ capacity: UInt8) -> Int { Int(capacity) * (areSingles ? 1 : 3) }

    private mutating func keepEntries(in arena: inout WordArena) {
        let values = Array(singles(in: arena))
        arena.release(position, wordCount(capacity))
        areSingles = false
        if capacity > 0 { position = arena.allocate(wordCount(capacity)) }
        for (index, value) in values.enumerated() {
            set(index, WeightedParts.Entry(bottom: value, top: value, count: 1), in: &arena)
        }
    }

    /// Makes room for another entry.
    private mutating func reserve(_ expected: UInt8, in arena: inout WordArena) -> Bool {
        if count < capacity { return true }
        guard count < WeightedParts.capacity else { return false }
        let room = Self.room(for: max(count + 1, expected))
        let before = wordCount(capacity)
        capacity = room
        position = arena.grow(position, from: before, to: wordCount(room))
        return true
    }

    /// Twelve are what a process sends in a minute.
    private static func room(for count: UInt8) -> UInt8 {
        rooms.first { $0 >= count } ?? UInt8(WeightedParts.capacity)
    }

    private static let rooms: [UInt8] = [2, 4, 8, 12, 16, 24, 32, 48]
}
