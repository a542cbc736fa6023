import DattssTestSupport
import NIOCore
import Testing

@testable import DattssServer

/// Goal: whoever missed turns is told exactly what those have told others, or that it is too much.
@Suite("Recent turns")
struct RecentTurnsTests {
    @Test("a reader that missed some is told all of them in order, whatever their sizes")
    func missed() {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var (recent, all) = (RecentTurns(), [[UInt8]]())
        for number in 1...600 {
            let size = [0, 0, 3, 500, 20_000, 70_000].randomElement(using: &random) ?? 0
            all.append([UInt8](repeating: UInt8(truncatingIfNeeded: number), count: size))
            recent.add(ByteBuffer(bytes: all[number - 1]))
            #expect(recent.last == number)
            #expect(recent.missed(since: number) == .nothing)
            for since in Set([number - 1, number - 2, number - Int.random(in: 1...number, using: &random)]) where since >= 0 {
                let expected = all[since...].flatMap { $0 }
                switch recent.missed(since: since) {
                case .nothing: Issue.record("nothing since \(since) of \(number)")
                case .some(let bytes, let last):
                    #expect(last == number && Array(bytes.readableBytesView) == expected)
                case .tooMuch:
                    #expect(expected.count > RecentTurns.bytesMax || number - since > RecentTurns.turnsMax)
                }
            }
        }
    }
}
