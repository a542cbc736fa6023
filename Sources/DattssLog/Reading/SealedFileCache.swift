internal import DattssCore
internal import Synchronization

/// The sealed files that were read from last, open, with their directories in memory.
///
/// Bounded in files and in what their directories take. Safe to use from many threads: a file that is pushed out, or replaced,
/// stays open for those who are reading it.
final class SealedFileCache: Sendable {
    private let fileSystem: any FileSystem
    private let directory: String
    private let filesMax: Int
    private let state = Mutex(State())

    private static let memoryBytesMax = 48 << 20

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
        var files: [Slot: Cached] = [:]
        var uses = 0
        var memoryBytes: Int { files.values.reduce(0) { $0 + $1.file.directory.memoryBytes } }
    }

    init(fileSystem: any FileSystem, directory: String, filesMax: Int = 32) {
        self.fileSystem = fileSystem
        self.directory = directory
        self.filesMax = filesMax
    }

    /// Lets go of a file that was replaced or is gone: as long as it is open, its bytes stay on the disk.
    func forget(_ step: SealedStep, day: Int64) {
        state.withLock { $0.files[Slot(step: step, day: day)] = nil }
    }

    /// An edition of a sealed file, or a later one that has taken its place meanwhile.
    func file(_ edition: SealedEdition) throws(LogError) -> SealedFile {
        let slot = Slot(step: edition.footer.step, day: edition.footer.day)
        let cached = state.withLock { state in
            state.uses += 1
            guard state.files[slot]?.generation == edition.generation else { return SealedFile?.none }
            state.files[slot]?.lastUse = state.uses
            return state.files[slot]?.file
        }
        if let cached { return cached }
        let path = LogLayout.path(of: slot.step, day: slot.day, in: directory)
        let file = try SealedFile(opening: path, step: slot.step, day: slot.day, fileSystem)
        state.withLock { state in
            state.files[slot] = Cached(file: file, generation: edition.generation, lastUse: state.uses)
            while state.files.count > 1, state.files.count > filesMax || state.memoryBytes > Self.memoryBytesMax {
                guard let oldest = state.files.min(by: { $0.value.lastUse < $1.value.lastUse }) else { break }
                state.files[oldest.key] = nil
            }
        }
        return file
    }
}
