public import DattssCore

extension History {
    /// Hands out the points of all users in some minutes: day after day; of a day first what is sealed, user after user and statistic
    /// after statistic, then the blocks beside it, minute after minute. A statistic may have several points of one minute; they come
    /// in the order in which they were written. No more is held than a chunk or a block.
    ///
    /// Blocks that were imported are left out as long as no sealed file contains them.
    /// - Parameter isWanted: whose points are read.
    /// - Returns: how many statistics were left out because only their hours are kept.
    /// - Throws: `fileSystem`, not found, also when a file was sealed or retired meanwhile: then all has to begin anew.
    public func forEachPoint(
        in minutes: Range<Minute>, of isWanted: (UserID) -> Bool,
        _ body: (UserID, StatisticKey, HistorySlice.Point) -> Void
    ) throws(LogError) -> Int {
        var hourCount = 0
        for day in days(in: minutes) {
            hourCount += try forEachSealedPoint(of: day, in: minutes, isWanted, body)
            let frames = day.frames(in: minutes, after: day.covered, through: nil).filter { $0.header.through != nil }
            try forEachFrame(frames) { (frame, blocks) throws(LogError) in
                for owner in try blocks.users(of: frame) where isWanted(owner.user) {
                    for partial in owner.aggregates {
                        body(owner.user, partial.key, HistorySlice.Point(minute: frame.header.minute, aggregate: partial.aggregate))
                    }
                }
            }
        }
        return hourCount
    }

    private func forEachSealedPoint(
        of day: HistoryDay, in minutes: Range<Minute>, _ isWanted: (UserID) -> Bool,
        _ body: (UserID, StatisticKey, HistorySlice.Point) -> Void
    ) throws(LogError) -> Int {
        var hourCount = 0
        var known: Set<UserID> = []
        for edition in [day.minuteFile, day.hourFile].compactMap(\.self) {
            guard let file = try readable({ () throws(LogError) in try file(edition) }) else { continue }
            // A user whose minutes have expired is in the file of hours only.
            for user in file.directory.users where known.insert(user.user).inserted && isWanted(user.user) {
                for index in user.indexes {
                    let entries = try readable { () throws(LogError) in try file.entries(of: index) } ?? []
                    if file.footer.step == .hour {
                        hourCount += entries.count
                        continue
                    }
                    for entry in entries {
                        let points = try readable { () throws(LogError) in try file.points(of: entry) } ?? []
                        for point in points where minutes.contains(point.minute) { body(user.user, entry.key, point) }
                    }
                }
            }
        }
        return hourCount
    }

    /// The first minute from one on of whose day more than hours may be kept, and how many minutes before it have nothing but hours:
    /// those of days without any data are not counted.
    public func firstMinute(from minute: Minute) -> (minute: Minute?, hoursOnly: Int64) {
        var hoursOnly: Int64 = 0
        for day in days(in: minute..<Minute(.max)) {
            let begin = max(minute, SealedStep.origin(ofDay: day.day))
            if day.minuteFile != nil || !day.frames.isEmpty { return (begin, hoursOnly) }
            hoursOnly += SealedStep.origin(ofDay: day.day + 1).index - begin.index
        }
        return (nil, hoursOnly)
    }
}
