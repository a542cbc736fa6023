import DattssCore
import DattssLog
import DattssServer

/// What minutes hold, as one number that says whether two data folders hold the same.
///
/// It is the SHA-256 of the lines that `dattss log export --sketches` prints with all columns: user by user, statistic by
/// statistic, minute by minute. So it depends on every bit of every number, and on nothing else: not on how blocks are
/// compressed, cut into segments, or sealed.
enum MinuteDigest {
    struct Value: Hashable, Sendable, CustomStringConvertible {
        var bytes: [UInt8] = []
        /// How many aggregates it is of.
        var aggregates = 0

        var description: String {
            "sha256:"
                + bytes.map { byte in
                    String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
                }.joined()
        }
    }

    static func of(_ users: some Sequence<UserID>, in history: History) throws(LogError) -> Value {
        let hash = RunningSHA256()
        var count = 0
        let known = history.minutes.map { $0.lowerBound..<$0.upperBound.advanced(by: 1) }
        for user in users.sorted() {
            hash.update(Array("\(user)\n".utf8))
            guard let known else { continue }
            for key in try history.keys(user: user, minutes: known).sorted() {
                var rows = AggregateLineWriter(AggregateColumns(hasSketch: true, hasExtras: true))
                let points = try history.read(user: user, key: key, minutes: known).points
                for point in points { rows.append(point.minute, key, point.aggregate) }
                hash.update(rows.bytes)
                count += points.count
            }
        }
        return Value(bytes: hash.finish().bytes, aggregates: count)
    }
}
