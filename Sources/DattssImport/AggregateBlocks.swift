import DattssCore
import DattssLog

/// Makes minute blocks out of aggregates that come in any order.
///
/// A block has each statistic once. Of several aggregates of one statistic and minute the second goes into a second block of
/// that minute, and so on: readers get them in the order in which they came.
struct AggregateBlocks {
    private let user: UserID
    private var minutes: [Minute: [Partial]] = [:]
    private(set) var count = 0

    init(of user: UserID) { self.user = user }

    mutating func add(_ row: AggregateLine) {
        minutes[row.minute, default: []].append(Partial(row.key, row.aggregate))
        count += 1
    }

    /// Everything that was added since the last time, sorted by minute.
    mutating func take() -> [MinuteBlock] {
        defer { (minutes, count) = ([:], 0) }
        return minutes.sorted { $0.key < $1.key }.flatMap { minute, partials in
            Self.layers(partials).map { layer in
                MinuteBlock(minute: minute, through: nil, users: [UserMinute(user: user, aggregates: layer)])
            }
        }
    }

    /// The first of each statistic, then the second of each that has one, and so on; each sorted.
    private static func layers(_ partials: [Partial]) -> [[Partial]] {
        let order = partials.indices.sorted { (partials[$0].key, $0) < (partials[$1].key, $1) }
        var layers: [[Partial]] = []
        var copy = 0
        for (place, index) in order.enumerated() {
            let isAnother = place > 0 && partials[order[place - 1]].key == partials[index].key
            copy = isAnother ? copy + 1 : 0
            if copy == layers.count { layers.append([]) }
            layers[copy].append(partials[index])
        }
        return layers
    }
}
