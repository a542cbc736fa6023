package import DattssCore

extension BlockPartReader {
    /// Everything, by user and key, as the block was given to the writer.
    package func users() throws(LogError) -> [UserMinute] {
        var users = try table.users.count == 1 ? usersOfOne() : usersOfMany()
        for (user, windows) in try clients() {
            let position = users.firstPosition { $0.user >= user }
            if position == users.count || users[position].user != user {
                users.insert(UserMinute(user: user, aggregates: []), at: position)
            }
            users[position].clients += windows
        }
        return users
    }

    /// The rows of a segment that knows one user: filled in where they stay.
    private func usersOfOne() throws(LogError) -> [UserMinute] {
        let partials = try initializedArray(presence.count) { (rows: UnsafeMutablePointer<Partial>, count) throws(LogError) in
            try initialize(rows)
            count = presence.count
        }
        return partials.isEmpty ? [] : [UserMinute(user: table.users[0], aggregates: partials)]
    }

    private func usersOfMany() throws(LogError) -> [UserMinute] {
        let partials = UnsafeMutablePointer<Partial>.allocate(capacity: presence.count)
        defer { partials.deallocate() }
        try initialize(partials)
        var counts = [Int](repeating: 0, count: table.users.count)
        presence.forEach { counts[Int(table.userNumbers[$0])] += 1 }
        var users: [UserMinute] = []
        var start = partials
        for number in table.userOrder where counts[number] > 0 {
            let aggregates = [Partial](unsafeUninitializedCapacity: counts[number]) { buffer, count in
                count = counts[number]
                buffer.baseAddress?.moveInitialize(from: start, count: count)
            }
            users.append(UserMinute(user: table.users[number], aggregates: aggregates))
            start += counts[number]
        }
        return users
    }

    /// Makes a row for each id that is present, in the order of names; none when it throws.
    private func initialize(_ rows: UnsafeMutablePointer<Partial>) throws(LogError) {
        let places = places()
        var made = 0
        do throws(LogError) {
            try readRows { (reader) throws(LogError) in
                try table.keys.withUnsafeBufferPointer { (keys) throws(LogError) in
                    try presence.forEach { (id) throws(LogError) in
                        let row = rows + (places.map { Int($0[id]) } ?? made)
                        // Unsafe: both are stored properties, so there are pointers to them.
                        try reader.next(id, into: row.pointer(to: \.aggregate).unsafelyUnwrapped)
                        guard let key = keys[id] else { preconditionFailure("a shape without a name") }
                        // Unsafe: the same.
                        row.pointer(to: \.key).unsafelyUnwrapped.initialize(to: key)
                        made &+= 1
                    }
                }
            }
        } catch {
            for (row, id) in presence.ids[..<made].enumerated() {
                (rows + (places.map { Int($0[id]) } ?? row)).deinitialize(count: 1)
            }
            throw error
        }
    }

    /// For each id, how many present ones come before it in the order of names; nil when ids are in that order.
    private func places() -> [Int32]? {
        if table.isSorted { return nil }
        return presence.words.withUnsafeBufferPointer { words in
            [Int32](unsafeUninitializedCapacity: max(idCount, table.idCount)) { places, count in
                count = places.count
                // An unknown id has no place; reading its row tells.
                places.initialize(repeating: 0)
                var place: Int32 = 0
                for id in table.sorted {
                    places[Int(id)] = place
                    let word = Int(id) &>> 6
                    if word < words.count { place &+= Int32(truncatingIfNeeded: words[word] &>> UInt64(id & 63) & 1) }
                }
            }
        }
    }
}
