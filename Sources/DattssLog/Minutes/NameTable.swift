internal import DattssCore

/// What an id of a segment stands for.
package struct SegmentName: Sendable, Hashable {
    var id: Int
    var user: UserID
    var key: StatisticKey
    var shape: RowShape
}

/// The names that are known of a segment's ids: its dictionary, as far as it was read.
///
/// Ids are 0, 1, 2 … in the order in which the segment's writer first needed them. In the first block that is the order
/// of users and keys, so most of a segment's ids are sorted; ``sorted`` is the order of them all.
///
/// It is kept column by column, because reading a block takes the shapes of all its rows and few keys.
package struct NameTable: Sendable {
    private(set) var keys: [StatisticKey?] = []
    /// By id: the position of its user in ``users``.
    private(set) var userNumbers: [UInt32] = []
    /// By id: 0 for an unknown one, else one more than the position of its shape in ``shapes``.
    private(set) var shapeNumbers: [UInt16] = []
    /// The known ids by user, then by key, then by id.
    private(set) var sorted: [Int32] = []
    /// The users of all names, each once.
    private(set) var users: [UserID] = []
    /// The positions of all ``users``, in the users' order.
    private(set) var userOrder: [Int] = []
    /// The shapes of all names, each once.
    private(set) var shapes: [RowShape] = []

    package init() {}

    /// Whether all ids are known and sorted, so that rows are in the order of their names.
    private(set) var isSorted = true

    /// How many ids have a known name.
    var count: Int { sorted.count }

    /// One more than the largest id that is known.
    var idCount: Int { keys.count }

    /// - Parameter id: one that is known.
    func user(of id: Int) -> UserID { users[Int(userNumbers[id])] }

    /// - Parameter id: one that is known.
    func key(of id: Int) -> StatisticKey {
        guard let key = keys[id] else { preconditionFailure("id \(id) has no name") }
        return key
    }

    /// Takes in names; those of ids that have one already are copies.
    package mutating func add(_ more: [SegmentName]) {
        var added: [Int32] = []
        for name in more where name.id >= idCount || keys[name.id] == nil {
            let missing = name.id + 1 - idCount
            if missing > 0 {
                keys += repeatElement(nil, count: missing)
                userNumbers += repeatElement(0, count: missing)
                shapeNumbers += repeatElement(0, count: missing)
            }
            keys[name.id] = name.key
            userNumbers[name.id] = UInt32(Self.position(of: name.user, in: &users))
            // Fewer shapes are valid than a UInt16 counts.
            shapeNumbers[name.id] = UInt16(Self.position(of: name.shape, in: &shapes) + 1)
            added.append(Int32(name.id))
        }
        if added.isEmpty { return }
        added.sort { precedes($0, $1) }
        if let last = sorted.last, precedes(added[0], last) {
            merge(added)
        } else {
            sorted += added
        }
        if userOrder.count < users.count { userOrder = users.indices.sorted { users[$0] < users[$1] } }
        isSorted = sorted.count == idCount && sorted.indices.allSatisfy { sorted[$0] == Int32($0) }
    }

    /// The ids of a user; those of one key follow each other.
    func ids(of user: UserID) -> ArraySlice<Int32> {
        let start = sorted.firstPosition { self.user(of: Int($0)) >= user }
        let end = sorted.firstPosition { self.user(of: Int($0)) > user }
        return sorted[start..<end]
    }

    /// The ids of a statistic, one for each shape that it has had.
    func ids(of key: StatisticKey, of user: UserID) -> ArraySlice<Int32> {
        let ids = ids(of: user)
        let start = ids.firstPosition { self.key(of: Int($0)) >= key }
        let end = ids.firstPosition { self.key(of: Int($0)) > key }
        return ids[start..<end]
    }

    /// Names come user by user, and of few shapes: so the last ones are looked at first.
    private static func position<Value: Equatable>(of value: Value, in values: inout [Value]) -> Int {
        if let position = values.lastIndex(of: value) { return position }
        values.append(value)
        return values.count - 1
    }

    private func precedes(_ a: Int32, _ b: Int32) -> Bool {
        let (left, right) = (Int(a), Int(b))
        if userNumbers[left] != userNumbers[right] { return user(of: left) < user(of: right) }
        let (leftKey, rightKey) = (key(of: left), key(of: right))
        return leftKey != rightKey ? leftKey < rightKey : a < b
    }

    private mutating func merge(_ added: [Int32]) {
        var merged: [Int32] = []
        merged.reserveCapacity(sorted.count + added.count)
        var next = 0
        for id in sorted {
            while next < added.count, precedes(added[next], id) {
                merged.append(added[next])
                next += 1
            }
            merged.append(id)
        }
        sorted = merged + added[next...]
    }
}

extension RandomAccessCollection {
    /// Binary search for the first element that is past something.
    func firstPosition(where isPast: (Element) -> Bool) -> Index {
        var (low, count) = (startIndex, count)
        while count > 0 {
            let middle = index(low, offsetBy: count / 2)
            if isPast(self[middle]) {
                count /= 2
            } else {
                low = index(after: middle)
                count -= count / 2 + 1
            }
        }
        return low
    }
}
