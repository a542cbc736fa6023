import DattssCore
import Synchronization

/// What is worth keeping from one dear body to the next, for as many as are read at a time.
final class BodyReaders: Sendable {
    private let names: SharedNames
    private let free = Mutex<[Reader]>([])

    // Whoever took one out of `free` has it alone until it is put back.
    private final class Reader: @unchecked Sendable {
        let decompressor = BodyDecompressor()
        var paths: NameCache

        init(_ names: SharedNames) { paths = NameCache(names) }
    }

    /// - Parameter names: those that the event loops know, too.
    init(_ names: SharedNames) { self.names = names }

    func withOne(_ body: (BodyDecompressor, inout NameCache) -> Void) {
        let reader = free.withLock { $0.popLast() } ?? Reader(names)
        body(reader.decompressor, &reader.paths)
        free.withLock { $0.append(reader) }
    }
}
