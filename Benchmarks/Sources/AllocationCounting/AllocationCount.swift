import LibC

/// What this process allocates: known when it was started with `LD_PRELOAD=libAllocationCount.so`, which puts itself before
/// malloc (`CAllocationCount`). The program itself pays nothing for being countable.
public enum AllocationCount {
    /// How often memory was asked for.
    public static var calls: Int64? { callCounter.map { $0() } }
    /// How many bytes were ever asked for.
    public static var bytes: Int64? { byteCounter.map { $0() } }
    /// How many bytes are in use.
    public static var liveBytes: Int64? { liveByteCounter.map { $0() } }

    private typealias Counter = @convention(c) () -> Int64

    private static let callCounter = counter("allocation_count_calls")
    private static let byteCounter = counter("allocation_count_bytes")
    private static let liveByteCounter = counter("allocation_count_live_bytes")

    private static func counter(_ name: String) -> Counter? {
        guard let program = dlopen(nil, RTLD_NOW), let symbol = dlsym(program, name) else { return nil }
        // The library declares all of them with this signature.
        return unsafeBitCast(symbol, to: Counter.self)
    }
}
