import CPlatform

/// Numbers names, which are bytes: 0, 1, 2 … as they come, and again those of names that were removed.
///
/// A look-up hashes the bytes where they are and touches one slot and the record it finds, whose parts lie side by side;
/// nothing is allocated.
///
///     slots   [ hash | place ]  ──►  words  … [ mark ][ number | length, tag ][api.hits][ .total ] …
public struct NameIndex: Sendable {
    private var slots = SlotTable()
    /// The records, one behind another. A name ends within its last word, with zeros behind it.
    private var words: [UInt64] = []
    /// By number, where in `words` its record is.
    private var places: [Int32] = []
    private var free: [Int32] = []
    private var garbageWords = 0
    /// What all names take that have a number.
    private(set) var byteCount = 0
    let hash = NameHash()

    /// In front of a name: its mark, and its number with ``Shape/code``.
    fileprivate static let headWords = 2

    /// A name's length and tag, in one word so that both are compared at once.
    fileprivate struct Shape {
        var length: Int
        var tag: UInt8

        var code: UInt32 { UInt32(truncatingIfNeeded: length) << 8 | UInt32(tag) }
        var recordWords: Int { NameIndex.headWords + length / 8 + 1 }

        init(_ length: Int, _ tag: UInt8) { (self.length, self.tag) = (length, tag) }

        /// - Parameter head: the second word of a record.
        init(head: UInt64) { self.init(Int(head >> 40), UInt8(truncatingIfNeeded: head >> 32)) }
    }

    /// An index without names.
    public init() {}

    /// How many names have a number.
    public var count: Int { slots.count }

    /// The number of a name; names with different tags are different.
    @inline(__always)
    public func number(of name: UnsafeBufferPointer<UInt8>, tag: UInt8 = 0) -> Int? {
        place(of: HashedName(name, hash), tag: tag).map { number(at: $0) }
    }

    /// What the owner wants to find beside a name without another look elsewhere: 0 at first.
    /// - Precondition: the number is a name's, and was not removed.
    public subscript(mark number: Int) -> UInt64 {
        get { words[Int(places[number])] }
        set { words[Int(places[number])] = newValue }
    }

    /// Where the record of a name is, until another one is inserted.
    @inline(__always)
    func place(of name: HashedName, tag: UInt8) -> Int? {
        slots.find(name.hash(tag)) { isName($0, name, tag) }
    }

    @inline(__always)
    func mark(at place: Int) -> UInt64 { words[place] }

    @inline(__always)
    func number(at place: Int) -> Int { Int(UInt32(truncatingIfNeeded: words[place + 1])) }

    /// Gives a number to a name that has none.
    public mutating func insert(_ name: UnsafeBufferPointer<UInt8>, tag: UInt8 = 0) -> Int {
        if garbageWords > words.count / 2 { compact() }
        let number = free.popLast().map { Int($0) } ?? places.count
        let place = words.count
        let hashed = HashedName(name, hash)
        words.append(0)
        words.append(UInt64(Shape(name.count, tag).code) << 32 | UInt64(number))
        for index in 0..<name.count / 8 { words.append(name.word(at: index * 8)) }
        words.append(hashed.rest)
        if number == places.count { places.append(Int32(place)) } else { places[number] = Int32(place) }
        slots.insert(place, hashed.hash(tag))
        byteCount += name.count
        return number
    }

    /// Takes a name's number away.
    public mutating func remove(_ number: Int) {
        let place = Int(places[number])
        slots.remove(place, hash(at: place))
        let shape = Shape(head: words[place + 1])
        garbageWords += shape.recordWords
        byteCount -= shape.length
        places[number] = -1
        free.append(Int32(number))
    }

    /// Forgets all names and keeps the memory.
    public mutating func removeAll() {
        slots.removeAll()
        words.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
        free.removeAll(keepingCapacity: true)
        (garbageWords, byteCount) = (0, 0)
    }

    /// All names that have a number, in the order of these.
    public var strings: [String] {
        places.filter { $0 >= 0 }.map { place in withName(at: Int(place)) { String(decoding: $0, as: UTF8.self) } }
    }

    private mutating func compact() {
        var kept: [UInt64] = []
        kept.reserveCapacity(words.count - garbageWords)
        slots.removeAll()
        for number in places.indices where places[number] >= 0 {
            let place = Int(places[number])
            places[number] = Int32(kept.count)
            slots.insert(kept.count, hash(at: place))
            kept += words[place..<place + Shape(head: words[place + 1]).recordWords]
        }
        words = kept
        garbageWords = 0
    }

    // MARK: Many look-ups

    /// The index where it lies, for many look-ups, each in three steps: so that what one of them waits for comes while the others
    /// take theirs.
    struct Lookup {
        // Valid as long as the index is borrowed for it; all places that slots name are those of whole records.
        fileprivate let slots: SlotTable.Lookup
        fileprivate let words: UnsafePointer<UInt64>

        /// Asks for the memory that a look-up begins with.
        @inline(__always)
        func prefetch(_ name: HashedName, tag: UInt8) { slots.prefetch(name.hash(tag)) }

        /// Where the record of a name is, unless that of another one is there; it is asked for. nil when the name has no number.
        @inline(__always)
        func likelyPlace(of name: HashedName, tag: UInt8) -> Int? {
            guard let place = slots.first(name.hash(tag)) else { return nil }
            CPlatform.prefetch(words + place)
            return place
        }

        /// The mark of a name and its number, at its place; nil where another name is.
        @inline(__always)
        func record(at place: Int, of name: HashedName, tag: UInt8) -> (mark: UInt64, number: Int)? {
            guard isName(place, name, tag) else { return nil }
            return (words[place], Int(UInt32(truncatingIfNeeded: words[place + 1])))
        }

        @inline(__always)
        private func isName(_ place: Int, _ name: HashedName, _ tag: UInt8) -> Bool {
            let record = words + place
            guard UInt32(truncatingIfNeeded: record[1] >> 32) == Shape(name.bytes.count, tag).code else { return false }
            let wordCount = name.bytes.count / 8
            for index in 0..<wordCount where record[NameIndex.headWords + index] != name.bytes.word(at: index * 8) {
                return false
            }
            return record[NameIndex.headWords + wordCount] == name.rest
        }
    }

    /// - Parameter body: is given nil without names.
    @inline(__always)
    func withLookup<Result>(_ body: (Lookup?) -> Result) -> Result {
        slots.withLookup { slots in
            words.withUnsafeBufferPointer { words in
                guard let slots, let words = words.baseAddress else { return body(nil) }
                return body(Lookup(slots: slots, words: words))
            }
        }
    }

    // MARK: Names

    private func hash(at place: Int) -> UInt32 {
        let tag = Shape(head: words[place + 1]).tag
        return withName(at: place) { HashedName($0, hash).hash(tag) }
    }

    /// - Precondition: words hold the bytes in their order, as on all machines that this runs on.
    private func withName<Result>(at place: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        let length = Shape(head: words[place + 1]).length
        return words[(place + Self.headWords)...].withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: UInt8.self) { body(UnsafeBufferPointer(rebasing: $0[..<length])) }
        }
    }

    @inline(__always)
    private func isName(_ place: Int, _ name: HashedName, _ tag: UInt8) -> Bool {
        guard UInt32(truncatingIfNeeded: words[place + 1] >> 32) == Shape(name.bytes.count, tag).code else { return false }
        var word = place + Self.headWords
        for index in 0..<name.bytes.count / 8 {
            if words[word] != name.bytes.word(at: index * 8) { return false }
            word += 1
        }
        return words[word] == name.rest
    }
}
