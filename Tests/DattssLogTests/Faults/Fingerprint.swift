import DattssCore
import DattssLog

/// Stands for a value bit by bit: `==` of doubles takes −0 for 0, this does not.
struct Fingerprint: Hashable {
    private var state: UInt64 = 0x9E37_79B9_7F4A_7C15

    mutating func mix(_ word: UInt64) {
        state = (state ^ word) &* 0xBF58_476D_1CE4_E5B9
        state ^= state >> 29
    }

    mutating func mix(_ number: Int64) { mix(UInt64(bitPattern: number)) }
    mutating func mix(_ number: Double?) { mix(number?.bitPattern ?? 0x7FF8_DEAD_BEEF_0000) }

    mutating func mix(_ text: String) {
        var word: UInt64 = 0
        for (position, byte) in text.utf8.enumerated() {
            word = word << 8 | UInt64(byte)
            if position % 8 == 7 { mix(word) }
        }
        mix(word)
        mix(UInt64(text.utf8.count))
    }

    mutating func mix(_ store: BucketStore) {
        mix(UInt64(store.indices.count))
        for index in store.indices { mix(Int64(index)) }
        for count in store.counts { mix(count) }
        mix(store.collapsedCount)
    }

    mutating func mix(_ aggregate: Aggregate) {
        for word in bits(aggregate) { mix(word) }
        mix(UInt64(aggregate.isEmphasised ? 1 : 0) + (aggregate.isApproximate ? 2 : 0) + (aggregate.sketch == nil ? 0 : 4))
        guard let sketch = aggregate.sketch else { return }
        mix(sketch.zeroCount)
        mix(sketch.positive)
        mix(sketch.negative)
    }

    mutating func mix(_ key: StatisticKey) {
        mix(UInt64(key.kind.rawValue))
        mix(key.path)
    }

    mutating func mix(_ partials: [Partial]) {
        mix(UInt64(partials.count))
        for partial in partials {
            mix(partial.key)
            mix(partial.aggregate)
        }
    }

    mutating func mix(_ clients: [ClientWindow]) {
        mix(UInt64(clients.count))
        for client in clients {
            mix(client.client)
            mix(client.window.highest)
            mix(client.window.bits)
        }
    }
}

extension Fingerprint {
    init(_ accepted: AcceptedBatch) {
        self.init()
        mix(accepted.lsn.value)
        mix(accepted.at.milliseconds)
        mix(accepted.user.string)
        mix(accepted.batch.partials)
        mix(accepted.batch.origin?.client ?? "–")
        mix(accepted.batch.origin?.sequence ?? -1)
        mix(accepted.batch.process ?? "–")
        mix(accepted.batch.uptimeSeconds)
    }

    init(_ block: MinuteBlock) {
        self.init()
        mix(block.minute.index)
        mix(block.through?.value ?? .max)
        for user in block.users {
            mix(user.user.string)
            mix(user.aggregates)
            mix(user.clients)
        }
    }

    init(_ checkpoint: Checkpoint) {
        self.init()
        mix(checkpoint.at.milliseconds)
        mix(checkpoint.through.value)
        for user in checkpoint.users {
            mix(user.user.string)
            mix(UInt64(user.totals.count))
            for total in user.totals {
                mix(total.key)
                mix(total.totals.sum)
                mix(total.totals.last)
                mix(total.totals.seen.milliseconds)
                mix(UInt64(total.totals.isEmphasised ? 1 : 0))
            }
            mix(user.clients)
        }
    }

    init(_ point: HistorySlice.Point) {
        self.init()
        mix(point.minute.index)
        mix(point.aggregate)
    }

    /// All that a recovery handed over, in order.
    init(_ calls: Recording) {
        self.init()
        mix(calls.order)
        for checkpoint in calls.checkpoints { mix(Fingerprint(checkpoint)) }
        for block in calls.blocks { mix(Fingerprint(block)) }
        for batch in calls.batches { mix(Fingerprint(batch)) }
        for lsn in calls.covered { mix(lsn.value) }
    }

    mutating func mix(_ other: Fingerprint) { mix(other.state) }
}
