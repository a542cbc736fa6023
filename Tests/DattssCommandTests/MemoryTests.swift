import CPlatform
import Foundation
import Testing

#if canImport(Glibc)
    @Suite struct MemoryTests {
        @Test("what is freed goes back to the system, also what lies between blocks that are in use")
        func goesBack() throws {
            // Goal: both calls do what they say; without a header of the C library they were compiled to nothing, and nobody
            // noticed.
            #expect(memory_return_large(256 << 10) == 1)
            let (count, byteCount) = (8192, 16 << 10)
            let blocks = (0..<count).map { _ in
                UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 16)
            }
            for block in blocks { _ = block.initializeMemory(as: UInt8.self, repeating: 1) }
            for (number, block) in blocks.enumerated() where number % 64 != 0 { block.deallocate() }
            let before = try Self.residentBytes()
            #expect(memory_return_free() == 1)
            #expect(try before - Self.residentBytes() > count * byteCount / 2)
            for (number, block) in blocks.enumerated() where number % 64 == 0 { block.deallocate() }
        }

        private static func residentBytes() throws -> Int {
            let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
            return try #require(Int(fields[1])) * Int(getpagesize())
        }
    }
#endif
