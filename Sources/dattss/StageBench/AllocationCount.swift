#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// How many bytes this process has ever allocated: known when it was started with `LD_PRELOAD=libAllocationCount.so`, which
/// puts itself before malloc (`Sources/CAllocationCount`). The program itself pays nothing for being countable.
enum AllocationCount {
    static var bytes: Int64? { counter.map { $0() } }

    private static let counter: (@convention(c) () -> Int64)? = {
        guard let program = dlopen(nil, RTLD_NOW), let symbol = dlsym(program, "allocation_count_bytes") else { return nil }
        // The library declares it with this signature.
        return unsafeBitCast(symbol, to: (@convention(c) () -> Int64).self)
    }()
}
