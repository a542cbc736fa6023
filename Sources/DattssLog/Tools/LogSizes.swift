public import DattssCore

/// What takes how much room in a data folder: what `dattss log stat` prints.
public struct LogSizes: Sendable, Hashable {
    /// A lane, or the sealed files of one step.
    public struct Section: Sendable, Hashable {
        /// The name of its folder, with a slash.
        public var name: String
        /// How many files it has.
        public var files = 0
        /// What they take.
        public var bytes = 0
        /// Minute or hour aggregates; nil for the accepted lane, which holds batches.
        public var aggregates: Int?
        /// They add up to `bytes`.
        public var parts: [Part] = []
    }

    /// Something that takes room.
    public struct Part: Sendable, Hashable {
        /// What it is, for people.
        public var name: String
        /// What it takes.
        public var bytes: Int
    }

    /// The lanes, then the steps.
    public private(set) var sections: [Section] = []
    /// Users of whom there is anything.
    public private(set) var users = 0
    /// Statistics of all users together.
    public private(set) var statistics = 0
    /// The minutes of which there may be anything; nil when there are none.
    public private(set) var minutes: ClosedRange<Minute>?

    /// The parts of sealed files that are not chunks.
    public static let partsAroundChunks = ["indexes", "active minutes", "header, directories, footers"]

    /// Chunks that are taken apart, of each step.
    private static let chunksMax = 1000
    /// Frames of the minute lane that are.
    private static let framesMax = 200

    /// Reads headers, indexes, and some of the chunks; writes nothing. What is damaged counts as such.
    public static func of(fileSystem: any FileSystem, directory: String) throws(LogError) -> LogSizes {
        var sizes = LogSizes()
        for lane in Lane.allCases {
            sizes.sections.append(
                try section(LaneScan(lane, directory: directory, fileSystem), fileSystem, directory))
        }
        for step in SealedStep.allCases { sizes.sections.append(try section(step, fileSystem, directory)) }
        let history = try History.open(fileSystem: fileSystem, directory: directory)
        sizes.minutes = history.minutes
        if let minutes = history.minutes {
            let range = minutes.lowerBound..<minutes.upperBound.advanced(by: 1)
            let users = try history.users(in: range)
            sizes.users = users.count
            for user in users { sizes.statistics += try history.keys(user: user, minutes: range).count }
        }
        return sizes
    }

    /// What all files of the log take, without looking into any.
    public static func bytes(of directory: String, _ fileSystem: any FileSystem) throws(LogError) -> Int {
        let folders =
            Lane.allCases.map { LogLayout.folder(of: $0, in: directory) }
            + SealedStep.allCases.map { LogLayout.folder(of: $0, in: directory) }
        var bytes = 0
        for folder in folders {
            for name in try LogLayout.names(in: folder, fileSystem) {
                bytes += try logged { () throws(FileSystemError) in try fileSystem.size(of: "\(folder)/\(name)") }
            }
        }
        return bytes
    }

    /// What all of it takes.
    public var bytes: Int { sections.reduce(0) { $0 + $1.bytes } }

    private static func section(
        _ scan: LaneScan, _ fileSystem: any FileSystem, _ directory: String
    ) throws(LogError) -> Section {
        var section = Section(name: "\(scan.lane)/")
        section.files = scan.segments.count
        section.bytes = scan.segments.reduce(0) { $0 + $1.size }
        let frames = scan.segments.flatMap(\.frames)
        func payloads(_ kind: FrameKind) -> Int {
            frames.reduce(0) { $0 + ($1.header.kind == kind ? $1.header.compressedLength : 0) }
        }
        let segmentHeaders = scan.segments.reduce(0) { $0 + ($1.header == nil ? 0 : SegmentHeader.byteCount) }
        section.parts = [
            Part(name: "segment headers", bytes: segmentHeaders),
            Part(name: "frame headers", bytes: frames.count * FrameHeader.byteCount),
        ]
        if scan.lane == .accepted {
            section.parts.append(Part(name: "batches", bytes: payloads(.accepted)))
        } else {
            let blocks = frames.filter { $0.header.kind == .minutes }
            section.aggregates = blocks.reduce(0) { $0 + Int($1.header.recordCount) }
            section.parts += try parts(ofBlocks: blocks, bytes: payloads(.minutes), fileSystem, directory)
            section.parts.append(Part(name: "checkpoints", bytes: payloads(.checkpoint)))
        }
        section.close()
        return section
    }

    /// Divides the payloads of blocks as those of some of them are divided.
    private static func parts(
        ofBlocks frames: [FrameLocation], bytes: Int, _ fileSystem: any FileSystem, _ directory: String
    ) throws(LogError) -> [Part] {
        let payloads = PayloadReader(.minutes, fileSystem: fileSystem, directory: directory)
        let blocks = BlockPayloads(fileSystem: fileSystem, directory: directory)
        var columns = ColumnSizes()
        var (names, clients, aggregates) = (0, 0, 0)
        for index in stride(from: 0, to: frames.count, by: max(1, frames.count / framesMax)) {
            do throws(LogError) {
                let sections = try BlockSections(try payloads.payload(of: frames[index]))
                names += sections.names
                clients += sections.clients
                aggregates += sections.aggregates
                try columns.add(try blocks.users(of: frames[index]), of: frames[index].header)
            } catch {
                // A damaged one is told by others.
                if error.code == .fileSystem { throw error }
            }
        }
        let sum = Double(max(1, names + clients + aggregates))
        let namesShare = Int((Double(names) / sum * Double(bytes)).rounded())
        let clientsShare = Int((Double(clients) / sum * Double(bytes)).rounded())
        return columns.parts(of: bytes - namesShare - clientsShare) + [
            Part(name: "names", bytes: namesShare), Part(name: "clients", bytes: clientsShare),
        ]
    }

    private static func section(
        _ step: SealedStep, _ fileSystem: any FileSystem, _ directory: String
    ) throws(LogError) -> Section {
        var section = Section(name: "\(step.folder)/", aggregates: 0)
        var total = SealedSizes()
        total.header = 0
        var columns = ColumnSizes()
        let days = try LogLayout.sealedDays(step, in: directory, fileSystem)
        for day in days {
            let path = LogLayout.path(of: step, day: day, in: directory)
            section.files += 1
            section.bytes += try logged { () throws(FileSystemError) in try fileSystem.size(of: path) }
            do throws(LogError) {
                let file = try SealedFile(opening: path, step: step, day: day, fileSystem)
                section.aggregates = (section.aggregates ?? 0) + file.footer.points
                try total.add(file)
                try columns.add(file, chunksMax: chunksMax / days.count + 1)
            } catch {
                if error.code == .fileSystem { throw error }
            }
        }
        section.parts =
            columns.parts(of: total.chunks)
            + zip(partsAroundChunks, [total.indexes, total.activity, total.header + total.directory + total.footer])
            .map { Part(name: $0, bytes: $1) }
        section.close()
        return section
    }
}

extension LogSizes.Section {
    /// Adds what the parts do not tell of, and drops those of nothing.
    fileprivate mutating func close() {
        // A server that runs may have written more since the files were measured.
        let told = parts.reduce(0) { $0 + $1.bytes }
        bytes = max(bytes, told)
        parts.append(LogSizes.Part(name: "damaged", bytes: bytes - told))
        parts.removeAll { $0.bytes == 0 }
    }
}

extension SealedSizes {
    /// Takes in a file by what its directory and indexes say, without reading chunks.
    fileprivate mutating func add(_ file: SealedFile) throws(LogError) {
        header += SealedHeader.byteCount
        points += file.footer.points
        directory += 2 * file.footer.directoryLength
        footer += 2 * (SealedFooter.byteCount + SealedFooter.gapBytes)
        for user in file.directory.users {
            activity += user.activity.length
            for index in user.indexes {
                indexes += index.region.length
                chunks += try file.entries(of: index).reduce(0) { $0 + $1.length }
            }
        }
    }
}

extension ColumnSizes {
    /// Takes apart chunks from all over a file, at most so many.
    fileprivate mutating func add(_ file: SealedFile, chunksMax: Int) throws(LogError) {
        let stride = max(1, file.footer.statistics / chunksMax)
        var number = 0
        for user in file.directory.users {
            for index in user.indexes {
                for entry in try file.entries(of: index) {
                    if number % stride == 0 {
                        try add(try file.points(of: entry), origin: SealedStep.origin(ofDay: file.footer.day))
                    }
                    number += 1
                }
            }
        }
    }
}
