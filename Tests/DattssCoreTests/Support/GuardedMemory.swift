import LibC

/// Memory behind which nothing can be read: whoever tries ends the process.
final class GuardedMemory {
    private let start: UnsafeMutableRawPointer
    private let byteCount: Int
    private let guardByteCount = Int(getpagesize())

    struct NoMemory: Error {}

    init(byteCount: Int) throws {
        let pages = (byteCount + guardByteCount - 1) / guardByteCount
        self.byteCount = pages * guardByteCount
        let mapped = mmap(nil, self.byteCount + guardByteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
        guard let mapped, mapped != MAP_FAILED else { throw NoMemory() }
        start = mapped
        guard mprotect(start + self.byteCount, guardByteCount, PROT_NONE) == 0 else { throw NoMemory() }
    }

    deinit { munmap(start, byteCount + guardByteCount) }

    /// The same bytes, so that they end where the memory does; valid until the next call.
    func place(_ bytes: some Collection<UInt8>) -> UnsafeRawBufferPointer {
        let placed = UnsafeMutableRawBufferPointer(start: start + byteCount - bytes.count, count: bytes.count)
        placed.copyBytes(from: bytes)
        return UnsafeRawBufferPointer(placed)
    }
}
