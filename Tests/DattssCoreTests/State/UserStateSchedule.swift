import DattssTestSupport
import Testing

@testable import DattssCore

/// A random life of one user's state, beside an oracle that keeps every partial and works everything out anew.
struct Schedule {
    private var generator: SeededGenerator
    private var state = UserState(user: .test)
    private var admission = Admission()
    private var time = Timestamp.noon
    private(set) var closedMinutes = 0

    // What the oracle keeps.
    private var events: [Event] = []
    private var live: Set<StatisticKey> = []
    private var batches: [(batch: Batch, time: Timestamp)] = []
    private var clients: [String: SequenceWindow] = [:]
    /// Percentiles do not survive a restart: only what came since counts for them.
    private var restartedAt = 0

    private struct Event {
        var key: StatisticKey
        var aggregate: Aggregate
        var time: Timestamp
    }

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func step(_ comment: Comment) throws {
        moveOn(comment)
        switch Int.random(in: 0..<12, using: &generator) {
        case 0: forget()
        case 1: restart()
        default: send()
        }
        expectStatus(comment)
    }

    private mutating func moveOn(_ comment: Comment) {
        let before = time.minute
        time = time.advanced(
            byMilliseconds: generator.oneIn(12)
                ? Int64.random(in: 0...400_000, using: &generator) : Int64.random(in: 0...15_000, using: &generator))
        guard time.minute > before else { return }
        let expected = events.filter { $0.time.minute == before }
        let hadClients = batches.contains { $0.time.minute == before && $0.batch.origin != nil }
        let closed = closeWhileRead(through: time.minute.advanced(by: -1), comment)
        #expect((closed != nil) == (!expected.isEmpty || hadClients), comment)
        guard let closed else { return }
        closedMinutes += 1
        #expect(closed.minute == before, comment)
        expectBlock(closed.closed(user: .test), of: expected, before, comment)
    }

    /// A reader that comes before the closing is ended sees what it would see after it.
    private mutating func closeWhileRead(through minute: Minute, _ comment: Comment) -> OpenMinute? {
        guard let closed = state.beginClosing(through: minute) else { return nil }
        let status = state.status(at: time)
        state.endClosing(closed.settlement())
        #expect(state.status(at: time) == status, comment)
        return closed
    }

    private mutating func send() {
        var batch = Batch(partials: generator.partials(upTo: 5) { Double(Int.random(in: -800...8000, using: &$0)) / 7 })
        if generator.oneIn(2) {
            let client = "c\(Int.random(in: 0..<4, using: &generator))"
            let sequence = (clients[client]?.highest ?? 0) + Int64.random(in: 1...3, using: &generator)
            batch.origin = .init(client: client, sequence: sequence)
            if clients[client] == nil { clients[client] = SequenceWindow(first: sequence) }
            clients[client]?.insert(sequence)
        }
        let ids = admission.ids(of: batch, at: time)
        state.apply(batch, ids: ids, at: time)
        events += batch.partials.map { Event(key: $0.key, aggregate: $0.aggregate, time: time) }
        live.formUnion(batch.partials.map(\.key))
        batches.append((batch, time))
    }

    /// Only what neither the open minute nor the one before it holds may be forgotten: the default is a day.
    private mutating func forget() {
        let limit = time.advanced(byMilliseconds: -Int64.random(in: 121_000...300_000, using: &generator))
        state.forget(admission.removeIdle(before: limit))
        // Idle is counted in seconds.
        live = live.filter { key in events.last { $0.key == key }!.time.milliseconds / 1000 >= limit.milliseconds / 1000 }
    }

    private mutating func restart() {
        guard state.openMinute == nil else { return }
        let checkpoint = state.checkpoint.sorted
        (state, admission) = (UserState(user: .test), Admission())
        #expect(checkpoint.totals.map(\.key) == Set(events.map(\.key)).sorted())
        #expect(
            checkpoint.clients == clients.map { ClientWindow(client: $0.key, window: $0.value) }.sorted { $0.client < $1.client })
        for entry in checkpoint.totals.shuffled(using: &generator) {
            // What was not live stays dormant; some of what was becomes so.
            if entry.totals.seen < time.advanced(byMilliseconds: -61_000), generator.oneIn(2) { live.remove(entry.key) }
            let id = live.contains(entry.key) ? admission.restore(entry.key, usedAt: entry.totals.seen) : nil
            state.restore(entry.totals, of: entry.key, as: id)
        }
        for window in checkpoint.clients {
            state.restore(window, at: time)
            admission.restore(window.window, of: window.client, at: time)
        }
        for (batch, sent) in batches where sent >= time.advanced(byMilliseconds: -60_000) {
            state.restoreWindows(batch, ids: batch.partials.map { admission.restore($0.key, usedAt: sent) }, at: sent)
        }
        restartedAt = events.count
    }

    // MARK: What is expected

    private func expectBlock(_ block: UserMinute, of events: [Event], _ minute: Minute, _ comment: Comment) {
        let byKey = Dictionary(grouping: events, by: \.key)
        #expect(block.aggregates.map(\.key) == byKey.keys.sorted(), comment)
        for partial in block.aggregates {
            let parts = (byKey[partial.key] ?? []).map(\.aggregate)
            var merging = MergingAggregate(parts[0])
            for part in parts.dropFirst() { merging.merge(part) }
            #expect(partial.aggregate == merging.merged, comment)
        }
        let sent = Set(batches.filter { $0.time.minute == minute }.compactMap(\.batch.origin?.client)).sorted()
        #expect(block.clients == sent.map { ClientWindow(client: $0, window: clients[$0]!) }, comment)
    }

    private func expectStatus(_ comment: Comment) {
        let status = state.status(at: time)
        #expect(status.map(\.key) == live.sorted(), comment)
        for one in status {
            let mine = events.enumerated().filter { $0.element.key == one.key }
            let minutes = Dictionary(grouping: mine.map(\.element), by: \.time.minute)
            // The fold of the sums of minutes, each a fold of its own: bit for bit.
            let sum = minutes.sorted { $0.key < $1.key }.map { $0.value.reduce(0.0) { $0 + $1.aggregate.sum } }.reduce(0.0, +)
            #expect(one.sum == sum, comment)
            let last = mine.last!.element
            #expect(one.last == last.aggregate.last, comment)
            #expect(one.seen == last.time, comment)
            #expect(one.isEmphasised == minutes[last.time.minute]!.contains { $0.aggregate.isEmphasised }, comment)
            expectWindow(one.window, of: one.key.kind, mine.map(\.element), comment)
            let since = mine.filter { $0.offset >= restartedAt }.map(\.element)
            expectPercentiles(one, since, comment)
        }
    }

    private func expectWindow(_ totals: Window.Totals, of kind: Kind, _ events: [Event], _ comment: Comment) {
        let oldest = Window.slotNumber(at: time) - 11
        let inside = events.filter { Window.slotNumber(at: $0.time) >= oldest }
        let slots = Dictionary(grouping: inside) { Window.slotNumber(at: $0.time) }.sorted { $0.key < $1.key }
        #expect(totals.sum == slots.map { $0.value.reduce(0.0) { $0 + $1.aggregate.sum } }.reduce(0.0, +), comment)
        // Nothing else is kept of a counter.
        guard kind != .counter else { return }
        #expect(totals.count == inside.map(\.aggregate.count).reduce(0, +), comment)
        #expect(totals.max == inside.map(\.aggregate.max).max() ?? -.infinity, comment)
        #expect(totals.min == inside.map(\.aggregate.min).min() ?? .infinity, comment)
    }

    /// Those of this minute and the one before it, if both tell all their samples.
    private func expectPercentiles(_ status: StatisticStatus, _ events: [Event], _ comment: Comment) {
        let recent = events.filter { $0.time.minute >= time.minute.advanced(by: -1) }
        let minutes = Dictionary(grouping: recent, by: \.time.minute).values.map { told($0.map(\.aggregate)) }
        let parts = recent.map(\.aggregate)
        guard status.key.kind == .timer, let min = parts.map(\.min).min(), let max = parts.map(\.max).max(),
            min == max || (minutes.contains { $0.hasSketch } && minutes.allSatisfy { $0.hasSketch || $0.isEqual })
        else {
            #expect(status.percentiles == nil, comment)
            return
        }
        var sketch = Sketch()
        for part in parts {
            if let known = part.sketch { sketch.merge(known) } else { sketch.add(part.min, weight: part.count) }
        }
        func quantile(_ q: Double) -> Double { min == max ? min : sketch.quantile(q).clamped(min, max) }
        #expect(status.percentiles == .init(p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99)), comment)
    }

    /// What a minute of parts tells: a sketch when one of them has one and all others are of equal samples.
    private func told(_ parts: [Aggregate]) -> (hasSketch: Bool, isEqual: Bool) {
        let hasSketch = parts.contains { $0.sketch != nil } && parts.allSatisfy { $0.sketch != nil || $0.min == $0.max }
        return (hasSketch, Set(parts.flatMap { [$0.min, $0.max] }).count == 1)
    }
}
