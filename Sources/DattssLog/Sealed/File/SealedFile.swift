package import DattssCore

/// A day of points, grouped by user and then by statistic, that is never changed:
///
///     header │ user … │ directory │ 512 zeros │ directory │ footer │ 512 zeros │ footer
///     user:   64 chunks │ their index │ 64 chunks │ their index … │ activity
///
/// Each level vouches for the one below by its CRC: the footer for the directory, the directory for indexes and activity, an
/// index for its chunks. So one statistic is read with two `pread`s, of its index and its chunk; what is damaged costs what it
/// holds, and bytes of another file are never taken for those of this one.
///
/// It is read by `pread` and not mapped: a sector that cannot be read has to be an error, not a signal.
// `@unchecked`: the only thing in here that is not Sendable is the open file, of which only reads at an offset are asked, which
// share no position; it is closed when the last reader lets go.
package final class SealedFile: @unchecked Sendable {
    package let path: String
    package let footer: SealedFooter
    private let file: any File
    let directory: SealedDirectory

    package init(opening path: String, _ fileSystem: any FileSystem) throws(LogError) {
        do throws(LogError) {
            let file = try logged { () throws(FileSystemError) in try fileSystem.open(path, .reading) }
            let footer = try SealedFooter(endOf: file)
            self.path = path
            self.file = file
            self.footer = footer
            directory = try Self.directory(footer, file)
        } catch {
            throw error.at(path)
        }
    }

    /// A file whose name says what is in it.
    convenience init(
        opening path: String, step: SealedStep, day: Int64, _ fileSystem: any FileSystem
    ) throws(LogError) {
        try self.init(opening: path, fileSystem)
        guard footer.step == step, footer.day == day else {
            throw LogError(
                .malformed, expected: "\(step) of day \(day)", found: "\(footer.step) of day \(footer.day)", file: path)
        }
    }

    /// Out of whichever copy is intact.
    private static func directory(_ footer: SealedFooter, _ file: any File) throws(LogError) -> SealedDirectory {
        var problem: LogError?
        for offset in footer.directoryOffsets {
            let region = SealedDirectory.Region(
                offset: offset, length: footer.directoryLength, checksum: footer.directoryChecksum)
            do throws(LogError) {
                return try SealedDirectory(
                    decoding: try bytes(of: region, in: file, "the directory"), contentEnd: footer.contentEnd)
            } catch {
                if !error.isDamage, error.fileSystemError?.isInputOutputError != true { throw error }
                problem = error
            }
        }
        throw problem ?? LogError(.malformed, expected: "a directory", found: "none")
    }

    // MARK: Reading

    package var users: [UserID] { directory.users.map(\.user) }

    package func contains(_ user: UserID) -> Bool { directory.user(user) != nil }

    /// The chunks of one statistic: none, one, or several.
    package func entries(of key: StatisticKey, user: UserID) throws(LogError) -> [SealedEntry] {
        guard let index = directory.user(user)?.index(of: key) else { return [] }
        do throws(LogError) {
            let bytes = try Self.bytes(of: index.region, in: file, "an index")
            return try SealedIndex.decode(bytes, footer.step, end: index.region.offset, only: key)
        } catch {
            throw error.at(path, index.region.offset)
        }
    }

    /// The points of a chunk, by minute, then in the order in which they were written.
    package func points(of entry: SealedEntry, withSketches: Bool = true) throws(LogError) -> [HistorySlice.Point] {
        var points: [HistorySlice.Point] = []
        try append(entry, to: &points, withSketches: withSketches)
        return points
    }

    /// The points of a chunk in some minutes, those of one span as one: see ``ChunkMerge``. Where that is not possible, all of them.
    func points(
        of entry: SealedEntry, withSketches: Bool, merging spans: MinuteSpans, in minutes: Range<Minute>
    ) throws(LogError) -> [HistorySlice.Point] {
        let (bytes, origin) = (try chunk(of: entry), SealedStep.origin(ofDay: footer.day))
        guard let merge = ChunkMerge(bytes, origin: origin, withSketches: withSketches, spans, in: minutes) else {
            return try decode(bytes, entry, withSketches: withSketches)
        }
        do throws(LogError) {
            try check(merge.count, merge.first, merge.last, entry)
        } catch {
            throw error.at(path, entry.offset)
        }
        return merge.points
    }

    /// Appends the points of a chunk to others; on a throw there are no more than before.
    func append(
        _ entry: SealedEntry, to points: inout [HistorySlice.Point], withSketches: Bool
    ) throws(LogError) {
        let start = points.count
        do throws(LogError) {
            try ChunkCodec.decode(
                try chunk(of: entry), origin: SealedStep.origin(ofDay: footer.day), withSketches: withSketches, into: &points)
            try check(points[start...], entry)
        } catch {
            points.removeLast(points.count - start)
            throw error.at(path, entry.offset)
        }
    }

    /// The minutes, or first minutes of hours, in which a user has anything.
    package func activeMinutes(of user: UserID) throws(LogError) -> MinuteRuns {
        var minutes = MinuteRuns()
        guard let user = directory.user(user) else { return minutes }
        let (step, day) = (footer.step, footer.day)
        for run in try activity(of: user, SealedActivity.runs) {
            switch step {
            case .minute:
                let first = step.minute(ofSlot: run.lowerBound, day: day)
                minutes.append(first..<first.advanced(by: Int64(run.count)))
            case .hour:
                for slot in run {
                    let minute = step.minute(ofSlot: slot, day: day)
                    minutes.append(minute..<minute.advanced(by: 1))
                }
            }
        }
        return minutes
    }

    func activity(of user: SealedDirectory.User) throws(LogError) -> SealedActivity {
        try activity(of: user) { (bytes, step) throws(LogError) in try SealedActivity(decoding: bytes, step) }
    }

    private func activity<Value>(
        of user: SealedDirectory.User, _ decode: ([UInt8], SealedStep) throws(LogError) -> Value
    ) throws(LogError) -> Value {
        do throws(LogError) {
            return try decode(try Self.bytes(of: user.activity, in: file, "the activity of \(user.user)"), footer.step)
        } catch {
            throw error.at(path, user.activity.offset)
        }
    }

    func entries(of index: SealedDirectory.Index) throws(LogError) -> [SealedEntry] {
        do throws(LogError) {
            let bytes = try Self.bytes(of: index.region, in: file, "an index")
            let entries = try SealedIndex.decode(bytes, footer.step, end: index.region.offset)
            guard entries.first?.key == index.firstKey else {
                throw LogError(.malformed, expected: "an index that begins with \(index.firstKey.path)", found: "another")
            }
            return entries
        } catch {
            throw error.at(path, index.region.offset)
        }
    }

    /// The bytes of a chunk, as they were written.
    func chunk(of entry: SealedEntry) throws(LogError) -> [UInt8] {
        let region = SealedDirectory.Region(offset: entry.offset, length: entry.length, checksum: entry.checksum)
        do throws(LogError) {
            return try Self.bytes(of: region, in: file, "a chunk")
        } catch {
            throw error.at(path, entry.offset)
        }
    }

    func decode(
        _ chunk: [UInt8], _ entry: SealedEntry, withSketches: Bool
    ) throws(LogError) -> [HistorySlice.Point] {
        do throws(LogError) {
            let points = try ChunkCodec.decode(
                chunk, origin: SealedStep.origin(ofDay: footer.day), withSketches: withSketches)
            try check(points[...], entry)
            return points
        } catch {
            throw error.at(path, entry.offset)
        }
    }

    /// Whether a chunk holds what its entry says.
    private func check(_ points: ArraySlice<HistorySlice.Point>, _ entry: SealedEntry) throws(LogError) {
        try check(points.count, points.first?.minute, points.last?.minute, entry)
    }

    private func check(_ count: Int, _ first: Minute?, _ last: Minute?, _ entry: SealedEntry) throws(LogError) {
        guard count == entry.points, let first, let last,
            first == footer.step.minute(ofSlot: entry.slots.lowerBound, day: footer.day),
            last == footer.step.minute(ofSlot: entry.slots.upperBound, day: footer.day)
        else {
            throw LogError(
                .malformed, expected: "\(entry.points) points in slots \(entry.slots)", found: "\(count) points")
        }
    }

    /// All bytes of a region, which are those that were written.
    static func bytes(
        of region: SealedDirectory.Region, in file: any File, _ what: String
    ) throws(LogError) -> [UInt8] {
        let bytes = try logged { () throws(FileSystemError) in
            try file.bytes(at: region.offset, count: region.length)
        }
        guard bytes.count == region.length else {
            throw LogError(.malformed, expected: "\(region.length) bytes of \(what)", found: "\(bytes.count)")
        }
        let checksum = CRC32C.checksum(bytes)
        guard checksum == region.checksum else {
            throw .checksum(of: what, expected: region.checksum, found: checksum)
        }
        return bytes
    }

    /// For checking every byte.
    func bytes(at offset: Int, count: Int) throws(LogError) -> [UInt8] {
        try logged { () throws(FileSystemError) in try file.bytes(at: offset, count: count) }
    }
}

extension SealedFooter {
    /// Reads the last copy at the end of a file, or the one before when that is damaged.
    package init(of path: String, _ fileSystem: any FileSystem) throws(LogError) {
        do throws(LogError) {
            self = try SealedFooter(
                endOf: try logged { () throws(FileSystemError) in try fileSystem.open(path, .reading) })
        } catch {
            throw error.at(path)
        }
    }

    fileprivate init(endOf file: any File) throws(LogError) {
        let (size, tail) = try logged { () throws(FileSystemError) in
            let size = try file.size()
            return (size, try file.bytes(at: max(0, size - Self.tailBytes), count: min(size, Self.tailBytes)))
        }
        let copies = [Array(tail.suffix(Self.byteCount)), Array(tail.prefix(Self.byteCount))]
        var problem: LogError?
        for copy in copies {
            do throws(LogError) {
                let footer = try SealedFooter(decoding: copy)
                guard footer.byteCount == size else {
                    throw LogError(.malformed, expected: "a file of \(footer.byteCount) bytes", found: "\(size)")
                }
                self = footer
                return
            } catch {
                problem = problem ?? error
            }
        }
        // A later version may end otherwise; its header says so.
        let start = try logged { () throws(FileSystemError) in try file.bytes(at: 0, count: SealedHeader.byteCount) }
        if let version = try? SealedHeader(decoding: start).version, version > Self.version {
            throw LogError(
                .unsupportedVersion, expected: "a sealed file of version \(Self.version)", found: "version \(version)")
        }
        throw problem ?? LogError(.malformed, expected: "a footer", found: "none")
    }
}
