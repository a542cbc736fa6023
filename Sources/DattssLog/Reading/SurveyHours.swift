internal import DattssCore

/// A sealed day of which whole hours are asked: its file of hours has a sixtieth of the points, and a sketch an hour.
extension History {
    /// The file of hours of a user's day, if it says what the file of minutes does about those of its minutes that are asked for.
    ///
    /// - Parameter minuteFile: the file that is the source of the day.
    func hours(
        of user: UserID, instead minuteFile: SealedFile, _ day: HistoryDay, _ minutes: Range<Minute>
    ) throws(LogError) -> SealedFile? {
        guard minuteFile.footer.step == .minute, let edition = day.hourFile else { return nil }
        let whole = SealedStep.origin(ofDay: day.day)..<SealedStep.origin(ofDay: day.day + 1)
        let asked = minutes.clamped(to: whole)
        guard asked.lowerBound.index % 60 == 0, asked.upperBound.index % 60 == 0,
            let hours = try readable({ () throws(LogError) in try file(edition) }), hours.contains(user)
        else { return nil }
        let (own, other) = (hours.footer, minuteFile.footer)
        let isSame = own.covered == other.covered && own.through == other.through && !own.hasLosses && !other.hasLosses
        return isSame ? hours : nil
    }

    /// The points of a statistic in a day: hours where that is enough, else what `file` has.
    ///
    /// An hour of which a sketch is wanted has one only if all of its minutes tell their samples: where it has none, those minutes that
    /// do tell them are read.
    /// - Parameter entry: of the file of hours, if there is one.
    func points(
        of entry: SealedEntry, _ user: UserID, _ hours: SealedFile?, _ file: SealedFile, withSketches: Bool, _ spans: MinuteSpans?,
        in minutes: Range<Minute>
    ) throws(LogError) -> (points: [HistorySlice.Point], step: SealedStep) {
        func read(_ entry: SealedEntry) throws(LogError) -> [HistorySlice.Point] {
            try readable { () throws(LogError) in
                // Hours may have to be shared out among spans.
                guard let spans, file.footer.step == .minute else { return try file.points(of: entry, withSketches: withSketches) }
                return try file.points(of: entry, withSketches: withSketches, merging: spans, in: minutes)
            } ?? []
        }
        guard let hours else { return (try read(entry), file.footer.step) }
        let merged = try readable { () throws(LogError) in try hours.points(of: entry, withSketches: withSketches) }
        if let merged, !withSketches || merged.allSatisfy(\.aggregate.tellsSamples) { return (merged, .hour) }
        var points: [HistorySlice.Point] = []
        for entry in try readable({ () throws(LogError) in try file.entries(of: entry.key, user: user) }) ?? [] {
            points += try read(entry)
        }
        return (points, .minute)
    }
}

extension Aggregate {
    /// Whether all samples are known as exactly as a sketch can tell them.
    fileprivate var tellsSamples: Bool {
        guard let packedSketch else { return min == max }
        return packedSketch.withStores { $1.collapsedCount == 0 && $2.collapsedCount == 0 }
    }
}
