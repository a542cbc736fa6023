internal import DattssCore
import LibC
internal import Synchronization

/// The sealed files that were read from last, open, with their directories in memory.
///
/// Bounded in files and in what their directories take. There is room for all files of hours of a year, so that a question about a year
/// opens them once; where a process may have few files open, for fewer. Safe to use from many threads: a file that is pushed out, or
/// replaced, stays open for those who are reading it.
final class SealedFileCache: Sendable {
    private let fileSystem: any FileSystem
    private let directory: String
    private let filesMax: Int?
    private let state = Mutex(State())

    private static let memoryBytesMax = 48 << 20
    /// 400 days of hours, and some of minutes.
    private static let mostFiles = 440

    /// How many files are kept open where a process may have so many open.
    static func filesMax(of descriptors: Int) -> Int { min(max(32, descriptors / 8), mostFiles) }

    private struct Slot: Hashable {
        var step: SealedStep
        var day: Int64
    }

    private struct Cached {
        var file: SealedFile
        var generation: Int
        var lastUse: Int
    }

    private struct State {
        private(set) var files: [Slot: Cached] = [:]
        var uses = 0
        private(set) var memoryBytes = 0

        mutating func noteUse(of slot: Slot) { files[slot]?.lastUse = uses }

        mutating func set(_ cached: Cached?, at slot: Slot) {
            memoryBytes -= files[slot]?.file.directory.memoryBytes ?? 0
            memoryBytes += cached?.file.directory.memoryBytes ?? 0
            files[slot] = cached
        }
    }

    /// - Parameter filesMax: how many files at most; nil for what the process may have open.
    init(fileSystem: any FileSystem, directory: String, filesMax: Int? = nil) {
        self.fileSystem = fileSystem
        self.directory = directory
        self.filesMax = filesMax
    }

    /// Lets go of a file that was replaced or is gone: as long as it is open, its bytes stay on the disk.
    func forget(_ step: SealedStep, day: Int64) {
        state.withLock { $0.set(nil, at: Slot(step: step, day: day)) }
    }

    /// An edition of a sealed file, or a later one that has taken its place meanwhile.
    func file(_ edition: SealedEdition) throws(LogError) -> SealedFile {
        let slot = Slot(step: edition.footer.step, day: edition.footer.day)
        let cached = state.withLock { state in
            state.uses += 1
            guard state.files[slot]?.generation == edition.generation else { return SealedFile?.none }
            state.noteUse(of: slot)
            return state.files[slot]?.file
        }
        if let cached { return cached }
        let path = LogLayout.path(of: slot.step, day: slot.day, in: directory)
        let file = try SealedFile(opening: path, step: slot.step, day: slot.day, fileSystem)
        // Asked each time, because a server raises it when it has begun.
        let filesMax = filesMax ?? Self.filesMax(of: Int(clamping: sysconf(Int32(_SC_OPEN_MAX))))
        state.withLock { state in
            state.set(Cached(file: file, generation: edition.generation, lastUse: state.uses), at: slot)
            while state.files.count > 1, state.files.count > filesMax || state.memoryBytes > Self.memoryBytesMax {
                guard let oldest = state.files.min(by: { $0.value.lastUse < $1.value.lastUse }) else { break }
                state.set(nil, at: oldest.key)
            }
        }
        return file
    }
}
