import DattssCore
import Testing

@Suite struct NamesTests {
    private static let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:!-"

    @Test("a path has exactly the bytes of its alphabet")
    func pathAlphabet() {
        // Goal: all 256 bytes, in and out.
        for byte in UInt8.min ... .max {
            #expect(Name.isValidPath([byte]) == Self.alphabet.utf8.contains(byte), "byte \(byte)")
        }
    }

    @Test("a user has no dot, no capital and none of the other signs")
    func userAlphabet() {
        // Goal: an auth key `uid.hmac` can be taken apart at its dot.
        for byte in UInt8.min...0x7F {
            let isGood = "abcdefghijklmnopqrstuvwxyz0123456789_-".utf8.contains(byte)
            #expect((UserID(String(decoding: [byte], as: UTF8.self)) != nil) == isGood, "byte \(byte)")
        }
    }

    @Test("names have lengths from 1 to their limit")
    func lengths() {
        // Goal: both ends of each limit.
        func bytes(_ count: Int) -> [UInt8] { Array(repeating: UInt8(ascii: "a"), count: count) }
        #expect(!Name.isValidPath(bytes(0)) && Name.isValidPath(bytes(255)) && !Name.isValidPath(bytes(256)))
        #expect(!Name.isValidProcess(bytes(0)) && Name.isValidProcess(bytes(64)) && !Name.isValidProcess(bytes(65)))
        #expect(!Name.isValidClient(bytes(0)) && Name.isValidClient(bytes(64)) && !Name.isValidClient(bytes(65)))
        let (longest, tooLong) = (String(repeating: "a", count: 32), String(repeating: "a", count: 33))
        #expect(UserID("") == nil && UserID(longest)?.string == longest && UserID(tooLong) == nil)
    }

    @Test("statistics sort by path, then by kind")
    func order() {
        // Goal: the order in which blocks store them.
        let keys = [StatisticKey(.gauge, "a"), StatisticKey(.counter, "b"), StatisticKey(.counter, "a"), StatisticKey(.timer, "a")]
        #expect(keys.sorted() == [keys[2], keys[3], keys[0], keys[1]])
    }

    @Test("a kind is its symbol", arguments: Kind.allCases)
    func symbols(kind: Kind) {
        // Goal: the wire's names and back.
        #expect(Kind(symbol: kind.symbol) == kind)
        #expect(Kind(symbol: kind.symbol.uppercased()) == nil)
    }
}

@Suite struct TimeTests {
    @Test(
        "moments fall into their minute and day, before 1970 too",
        arguments: [
            (0, 0, 0, 0), (59_999, 59, 0, 0), (60_000, 60, 1, 0), (-1, -1, -1, -1), (-60_000, -60, -1, -1), (-60_001, -61, -2, -1),
            (86_400_000, 86_400, 1440, 1),
        ] as [(Int64, Int64, Int64, Int64)])
    func minutes(milliseconds: Int64, seconds: Int64, minute: Int64, day: Int64) {
        // Goal: division rounds down, not towards zero.
        let time = Timestamp(milliseconds: milliseconds)
        #expect(time.seconds == seconds)
        #expect(time.minute == Minute(minute))
        #expect(time.minute.day == day)
        #expect((time.minute.start..<time.minute.end).contains(time))
    }
}
