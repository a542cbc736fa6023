package import DattssCore

extension BlockPartReader {
    /// Everything, by user and key, as the block was given to the writer.
    package func users() throws(LogError) -> [UserMinute] {
        let ids = presence.ids
        let positions = positions()
        // Of no user yet: rows come in the order of ids, and belong where their names are.
        let partials = UnsafeMutableBufferPointer<Partial>.allocate(capacity: ids.count)
        defer { partials.deallocate() }
        BlankAggregates.fill(partials, count: ids.count)
        do throws(LogError) {
            try readRows { (reader) throws(LogError) in
                for (row, id) in ids.enumerated() {
                    try reader.read(id, into: &partials[positions.map { Int($0[id]) } ?? row].aggregate)
                }
            }
        } catch {
            partials.deinitialize()
            throw error
        }
        for (row, id) in ids.enumerated() { partials[positions.map { Int($0[id]) } ?? row].key = table.key(of: id) }
        var users = assembled(ids, partials)
        for (user, windows) in try clients() {
            let position = users.firstPosition { $0.user >= user }
            if position == users.count || users[position].user != user {
                users.insert(UserMinute(user: user, aggregates: []), at: position)
            }
            users[position].clients += windows
        }
        return users
    }

    /// Takes all rows out of a buffer, user by user.
    private func assembled(
        _ ids: [Int], _ partials: UnsafeMutableBufferPointer<Partial>
    ) -> [UserMinute] {
        var counts = [Int](repeating: 0, count: table.users.count)
        for id in ids { counts[Int(table.userNumbers[id])] += 1 }
        var users: [UserMinute] = []
        var start = 0
        for (number, user) in table.users.enumerated().sorted(by: { $0.element < $1.element }) where counts[number] > 0 {
            let aggregates = [Partial](unsafeUninitializedCapacity: counts[number]) { buffer, count in
                count = counts[number]
                _ = buffer.moveInitialize(fromContentsOf: partials[start..<start + count])
            }
            users.append(UserMinute(user: user, aggregates: aggregates))
            start += counts[number]
        }
        return users
    }

    /// For each id, how many present ones come before it in the order of names; nil when ids are in that order.
    private func positions() -> [Int32]? {
        if table.isSorted { return nil }
        return table.sorted.withUnsafeBufferPointer { sorted in
            [Int32](unsafeUninitializedCapacity: max(idCount, table.idCount)) { positions, count in
                count = positions.count
                // An unknown id has no place; reading its row tells.
                positions.initialize(repeating: 0)
                var position: Int32 = 0
                for id in sorted {
                    positions[Int(id)] = position
                    if presence.contains(Int(id)) { position &+= 1 }
                }
            }
        }
    }
}
