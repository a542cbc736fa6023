import DattssCore
import Testing

@testable import DattssClient

/// The queue is a value: these tests feed it answers and look at what it wants done.
@Suite struct PushQueueTests {
    private let now = Timestamp(seconds: 1_800_000_000)

    private func push(_ sequence: Int64, bytes: Int = 10, samples: Int64 = 1) -> Push {
        Push(sequence: sequence, body: Array(repeating: UInt8(truncatingIfNeeded: sequence), count: bytes), samples: samples)
    }

    private func queue(batches: Int = 720, bytes: Int = 1 << 20, seed: UInt64 = 7) -> PushQueue {
        PushQueue(bufferBatches: batches, bufferBytes: bytes, seed: seed)
    }

    private let ok = TransportAnswer(status: 200)

    @Test("batches go out one at a time, in the order of their numbers")
    func order() {
        var queue = queue()
        #expect(queue.enqueue(push(1)).action == .send(push(1)))
        #expect(queue.enqueue(push(2)).action == .rest)
        #expect(queue.enqueue(push(3)).action == .rest)
        #expect(queue.answer(ok, at: now).action == .send(push(2)))
        #expect(queue.answer(ok, at: now).action == .send(push(3)))
        #expect(queue.answer(ok, at: now).action == .rest)
        #expect(queue.isEmpty && queue.bytes == 0)
    }

    @Test("after a lost answer the same number and bytes go out again, before anything newer")
    func lostAnswer() {
        var queue = queue()
        _ = queue.enqueue(push(1))
        _ = queue.enqueue(push(2))
        guard case .wait(let deadline) = queue.fail("timed out", at: now).action else {
            Issue.record("expected a pause")
            return
        }
        #expect(queue.problem == "timed out")
        #expect(queue.tick(at: deadline.advanced(byMilliseconds: -1)).action == .wait(until: deadline))
        #expect(queue.tick(at: deadline).action == .send(push(1)))
        #expect(queue.answer(ok, at: deadline).action == .send(push(2)))
        #expect(queue.problem == nil)
    }

    @Test(
        "what a batch cannot help is tried again, what it can help drops it",
        arguments: [
            (200, "gone"), (204, "gone"), (400, "dropped"), (413, "dropped"), (415, "dropped"), (422, "dropped"),
            (408, "soon"), (425, "soon"), (429, "soon"), (500, "soon"), (502, "soon"), (503, "soon"), (504, "soon"),
            (301, "late"), (401, "late"), (403, "late"), (404, "late"), (405, "late"),
        ])
    func answers(status: Int, expected: String) {
        var queue = queue()
        _ = queue.enqueue(push(1))
        let step = queue.answer(TransportAnswer(status: status, body: "why"), at: now)
        switch expected {
        case "gone":
            #expect(step == PushQueue.Step(action: .rest))
            #expect(queue.isEmpty)
        case "dropped":
            #expect(step == PushQueue.Step(action: .rest, losses: [PushQueue.Loss(push: push(1), reason: .refused)]))
            #expect(queue.problem == "the server answered \(status): why")
        default:
            guard case .wait(let deadline) = step.action else {
                Issue.record("expected a pause")
                return
            }
            let pause = deadline.milliseconds - now.milliseconds
            #expect((expected == "soon" ? 500...1000 : 15_000...30_000).contains(pause))
            #expect(queue.tick(at: deadline).action == .send(push(1)))
        }
    }

    @Test(
        "a server that asks for a pause gets it, up to five minutes",
        arguments: [
            (7, 7000), (300, 300_000), (86_400, 300_000), (Int64.max, 300_000),
        ] as [(Int64, Int64)])
    func retryAfter(seconds: Int64, expected: Int64) {
        var queue = queue()
        _ = queue.enqueue(push(1))
        let step = queue.answer(TransportAnswer(status: 503, retryAfterSeconds: seconds), at: now)
        #expect(step.action == .wait(until: now.advanced(byMilliseconds: expected)))
    }

    @Test("pauses double up to the cap and lie between a half and the whole", arguments: [1, 2, 3, 4] as [UInt64])
    func backoff(seed: UInt64) {
        var backoff = Backoff(seed: seed)
        var pauses: Set<Int64> = []
        for whole in [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000] as [Int64] {
            let pause = backoff.failed()
            #expect((whole / 2...whole).contains(pause), "seed \(seed)")
            pauses.insert(pause)
        }
        #expect(pauses.count > 5, "no jitter with seed \(seed)")
        for _ in 0..<100 { _ = backoff.failed() }
        #expect(backoff.failed() <= 30_000)
        backoff.succeeded()
        #expect(backoff.failed() <= 1000)
    }

    @Test("a full buffer drops its oldest batch, but not the one under way")
    func boundBatches() {
        var queue = queue(batches: 3)
        for sequence in 1...3 { #expect(queue.enqueue(push(Int64(sequence))).losses.isEmpty) }
        #expect(queue.enqueue(push(4)).losses == [PushQueue.Loss(push: push(2), reason: .bufferFull)])
        #expect(queue.count == 3)
        let deadline = now.advanced(byMilliseconds: 60_000)
        _ = queue.fail("gone", at: now)
        #expect(queue.enqueue(push(5)).losses == [PushQueue.Loss(push: push(1), reason: .bufferFull)])
        #expect(queue.tick(at: deadline).action == .send(push(3)))
    }

    @Test("the buffer is bounded in bytes, too, and a batch larger than it never waits")
    func boundBytes() {
        var queue = queue(bytes: 100)
        _ = queue.enqueue(push(1, bytes: 40))
        _ = queue.enqueue(push(2, bytes: 40))
        #expect(queue.enqueue(push(3, bytes: 40)).losses.map(\.push.sequence) == [2])
        #expect(queue.enqueue(push(4, bytes: 101)).losses.map(\.push.sequence) == [3, 4])
        #expect(queue.bytes == 40)
    }

    @Test("what is abandoned is handed back whole")
    func abandon() {
        var queue = queue()
        _ = queue.enqueue(push(1))
        _ = queue.enqueue(push(2))
        #expect(queue.abandon().map(\.push.sequence) == [1, 2])
        #expect(queue.isEmpty && queue.bytes == 0)
        #expect(queue.enqueue(push(3)).action == .send(push(3)))
    }

    /// Goal: exactly once, whatever the line does. The server here forgets answers, not batches: it takes a batch in
    /// and the answer is lost, it is away, or it is full.
    @Test(
        "over lost answers, time-outs and restarts every batch counts exactly once, in order",
        arguments: 1...40 as ClosedRange<UInt64>)
    func exactlyOnce(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var queue = queue(seed: seed)
        var time = now
        var window: SequenceWindow?
        var counted: [Int64] = []
        var sent: [Int64: [UInt8]] = [:]
        var action = PushQueue.Action.rest
        var enqueued: Int64 = 0
        while enqueued < 200 || !queue.isEmpty {
            if enqueued < 200, Bool.random(using: &random) {
                enqueued += 1
                let step = queue.enqueue(push(enqueued))
                #expect(step.losses.isEmpty)
                if step.action != .rest { action = step.action }
            }
            switch action {
            case .rest: continue
            case .wait(let deadline):
                time = deadline
                action = queue.tick(at: time).action
            case .send(let push):
                #expect(sent.updateValue(push.body, forKey: push.sequence) ?? push.body == push.body)
                let arrives = Int.random(in: 0..<4, using: &random) != 0
                if arrives, window?.answer(to: push.sequence) ?? .new == .new {
                    counted.append(push.sequence)
                    if window == nil { window = SequenceWindow(first: push.sequence) }
                    window?.insert(push.sequence)
                }
                if arrives, Bool.random(using: &random) {
                    action = queue.answer(ok, at: time).action
                } else if Bool.random(using: &random) {
                    action = queue.fail("lost", at: time).action
                } else {
                    action = queue.answer(TransportAnswer(status: 503, retryAfterSeconds: 2), at: time).action
                }
            }
        }
        #expect(counted == Array(1...200), "seed \(seed)")
    }
}
