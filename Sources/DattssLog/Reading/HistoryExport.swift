public import DattssCore

extension History {
    /// The users of whom there is anything in some minutes, sorted. Where that is not sealed every block is read.
    public func users(in minutes: Range<Minute>) throws(LogError) -> [UserID] {
        var found: Set<UserID> = []
        try forEachDay(in: minutes) { (day) throws(LogError) in
            for edition in [day.minuteFile, day.hourFile].compactMap(\.self) {
                found.formUnion(try readable { () throws(LogError) in try file(edition) }?.users ?? [])
            }
            try forEachFrame(day.frames(in: minutes, after: day.covered, through: nil)) {
                (frame, blocks) throws(LogError) in
                for user in try blocks.users(of: frame) where !user.aggregates.isEmpty { found.insert(user.user) }
            }
        }
        return found.sorted()
    }

    /// Hands out the minutes of all users that no sealed file contains yet, minute after minute. A large one comes in several parts, and a
    /// user may be in two of them.
    public func forEachUnsealedMinute(
        in minutes: Range<Minute>, _ body: (Minute, UserMinute) -> Void
    ) throws(LogError) {
        for day in days(in: minutes) {
            try forEachFrame(day.frames(in: minutes, after: day.covered, through: nil)) {
                (frame, blocks) throws(LogError) in
                for user in try blocks.users(of: frame) { body(frame.header.minute, user) }
            }
        }
    }

    /// Hands out all points of a user in some minutes: day after day; of a day first what is sealed, statistic after statistic,
    /// then the blocks beside it, minute after minute. So it takes no more memory than a block or the chunks of one statistic.
    ///
    /// Chunks and blocks that are damaged are left out, and counted in ``corruptFrameReads``.
    /// - Throws: also when a segment is sealed and deleted by another process meanwhile: what was handed out is incomplete then.
    public func forEachPoint(
        user: UserID, minutes: Range<Minute>, withSketches: Bool = true,
        _ body: (StatisticKey, HistorySlice.Point) throws(LogError) -> Void
    ) throws(LogError) {
        for day in days(in: minutes) {
            let source = try source(of: user, day)
            if let file = source.file, let indexes = file.directory.user(user)?.indexes {
                for index in indexes {
                    for entry in try readable({ () throws(LogError) in try file.entries(of: index) }) ?? [] {
                        let points = try readable { () throws(LogError) in
                            try file.points(of: entry, withSketches: withSketches)
                        }
                        for point in points ?? [] where minutes.contains(point.minute) { try body(entry.key, point) }
                    }
                }
            }
            try forEachFrame(day.frames(in: minutes, after: source.covered, through: nil)) {
                (frame, blocks) throws(LogError) in
                for owner in try blocks.users(of: frame) where owner.user == user {
                    for partial in owner.aggregates {
                        var point = HistorySlice.Point(minute: frame.header.minute, aggregate: partial.aggregate)
                        if !withSketches { point.aggregate.packedSketch = nil }
                        try body(partial.key, point)
                    }
                }
            }
        }
    }
}
