internal import DattssCore

/// Gives every statistic that is seen while a day is being sealed a small number, and sorts them.
struct StatisticNumbers {
    /// By number.
    private(set) var names: [Name] = []
    private var numbers: [Name: Int32] = [:]
    private var sorted: [Int] = []
    /// By id, for each dictionary of the minute lane that was met.
    private var numbersOfIDs: [LSN: [Int32]] = [:]

    struct Name: Hashable, Comparable {
        var user: UserID
        var key: StatisticKey

        static func < (a: Name, b: Name) -> Bool { a.user != b.user ? a.user < b.user : a.key < b.key }
    }

    private static let unknown: Int32 = -2
    /// Stands for the statistics of users who are left out.
    static let excluded: Int32 = -1

    /// The numbers of the statistics of all rows.
    mutating func numbers(of rows: BlockRows, excluding isExcluded: (UserID) -> Bool) -> [Int32] {
        // Taken out, so that it is not copied when it grows.
        var known = numbersOfIDs.removeValue(forKey: rows.dictionary) ?? []
        let missing = (rows.ids.last ?? -1) + 1 - known.count
        if missing > 0 { known += [Int32](repeating: Self.unknown, count: missing) }
        let numbers = rows.ids.map { id in
            if known[id] == Self.unknown {
                let name = Name(user: rows.names.user(of: id), key: rows.names.key(of: id))
                known[id] = isExcluded(name.user) ? Self.excluded : number(of: name)
            }
            return known[id]
        }
        numbersOfIDs[rows.dictionary] = known
        return numbers
    }

    private mutating func number(of name: Name) -> Int32 {
        if let number = numbers[name] { return number }
        let number = Int32(names.count)
        numbers[name] = number
        names.append(name)
        return number
    }

    /// All numbers, by user and key. That of any two does not change when more come.
    mutating func inOrder() -> [Int] {
        if sorted.count < names.count {
            let names = names
            sorted = names.indices.sorted { names[$0] < names[$1] }
        }
        return sorted
    }
}
