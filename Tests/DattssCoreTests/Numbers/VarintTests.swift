import DattssTestSupport
import Testing

@testable import DattssCore

@Suite struct VarintTests {
    @Test("many are passed over and added up as one by one", arguments: seeds)
    func many(seed: UInt64) {
        // Goal: short ones, eight of which are taken at once, between long ones, at every length of a row.
        var generator = SeededGenerator(seed: seed)
        for count in 0..<40 {
            let values = (0..<count).map { _ in
                UInt64.random(in: 0..<(generator.oneIn(6) ? 1 << 40 : 128), using: &generator)
            }
            expectWhole(values, sum: Int64(values.reduce(0, +)), "seed \(seed)")
        }
    }

    @Test("a sum stays within an Int64")
    func large() {
        expectWhole([1, UInt64(Int64.max), 1], sum: .max)
        expectWhole([UInt64.max], sum: .max)
        expectWhole(Array(repeating: 127, count: 9), sum: 9 * 127)
    }

    /// Both have to end where the row does: nothing behind it is theirs.
    private func expectWhole(_ values: [UInt64], sum: Int64, _ comment: Comment = "") {
        let bytes = values.reduce(into: [UInt8]()) { bytes, value in
            bytes += [UInt8](unsafeUninitializedCapacity: Varint.byteCountMax) { buffer, count in
                guard var next = buffer.baseAddress else { return }
                Varint.write(value, to: &next)
                count = next - (buffer.baseAddress ?? next)
            }
        }
        bytes.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return }
            var (skipped, added) = (start, start)
            Varint.skip(values.count, &skipped)
            #expect(skipped - start == bytes.count, comment)
            #expect(Varint.sum(values.count, &added) == sum, comment)
            #expect(added - start == bytes.count, comment)
        }
    }

    private static let seeds: [UInt64] = Array(1...20)
}
