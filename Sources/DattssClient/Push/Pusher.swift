import DattssCore

/// Carries out what ``PushQueue`` says: at most one task sends or waits at a time.
actor Pusher {
    private let recorder: Recorder
    private let transport: any Transport
    private let clock: any WallClock
    private let configuration: Dattss.Configuration
    private let started: Timestamp
    private var numbering: PushNumbering
    private var queue: PushQueue
    private var sending: Task<Void, Never>?
    /// Those who wait until everything is acknowledged, or something is not.
    private var flushes: [Flush] = []
    private var isLosingOldest = false
    /// How many batches were given up.
    private var lossCount = 0

    private struct Flush {
        var continuation: CheckedContinuation<Bool, Never>
        /// What ``lossCount`` was before.
        var lossCount: Int
    }

    init(
        recorder: Recorder, transport: any Transport, clock: any WallClock, configuration: Dattss.Configuration,
        client: String, seed: UInt64
    ) {
        self.recorder = recorder
        self.transport = transport
        self.clock = clock
        self.configuration = configuration
        started = clock.now()
        numbering = PushNumbering(client: client, process: configuration.process)
        queue = PushQueue(
            bufferBatches: configuration.bufferBatches, bufferBytes: configuration.bufferBytes, seed: seed)
    }

    var lastProblem: String? { queue.problem }

    /// Ends the push period: what was recorded becomes batches, and they go out.
    func collect() {
        let (partials, unreported) = recorder.flush(reportsDrops: queue.isWorking)
        let uptime = Double(clock.now().milliseconds - started.milliseconds) / 1000
        for push in numbering.pushes(of: partials, uptimeSeconds: uptime.rounded(), reportedDrops: unreported) {
            perform(queue.enqueue(push))
        }
    }

    /// - Returns: whether all is acknowledged; false as soon as an attempt has failed.
    func flush() async -> Bool {
        let before = lossCount
        collect()
        if queue.isPausing { return false }
        if queue.isEmpty { return lossCount == before }
        return await withCheckedContinuation { flushes.append(Flush(continuation: $0, lossCount: before)) }
    }

    func stop(withinMilliseconds limit: Int64) async -> Bool {
        let before = lossCount
        collect()
        if queue.isPausing {
            // The task that waits would sleep on; the next one begins with an attempt.
            sending?.cancel()
            sending = nil
            perform(queue.hurry())
        }
        if let sending {
            let deadline = clock.now().advanced(byMilliseconds: limit)
            let limiter = Task { [clock] in
                if (try? await clock.sleep(until: deadline)) != nil { sending.cancel() }
            }
            await sending.value
            limiter.cancel()
        }
        account(queue.abandon())
        settle(true)
        return lossCount == before
    }

    /// Ends sending; what waits stays.
    func cancel() { sending?.cancel() }

    private func perform(_ step: PushQueue.Step) {
        account(step.losses)
        if case .rest = step.action { return }
        sending = Task { await carryOut(step.action) }
    }

    private func carryOut(_ first: PushQueue.Action) async {
        var action = first
        while !Task.isCancelled {
            let step: PushQueue.Step
            switch action {
            case .rest:
                return settle(true)
            case .send(let push):
                step = await attempt(push)
            case .wait(let deadline):
                settle(false)
                guard (try? await clock.sleep(until: deadline)) != nil, !Task.isCancelled else { return }
                step = queue.tick(at: clock.now())
            }
            account(step.losses)
            action = step.action
        }
    }

    private func attempt(_ push: Push) async -> PushQueue.Step {
        let before = queue.problem
        let step: PushQueue.Step
        do {
            let answer = try await transport.send(
                TransportRequest(
                    path: "/agg", body: push.body, timeoutMilliseconds: configuration.requestTimeoutMilliseconds))
            debug("batch \(push.sequence), \(push.body.count) bytes: \(answer.status)")
            step = queue.answer(answer, at: clock.now())
        } catch {
            step = queue.fail("no answer from \(configuration.url): \(error)", at: clock.now())
        }
        if let problem = queue.problem, before == nil, step.losses.isEmpty {
            configuration.say("\(problem); batches are kept and sent again")
        } else if before != nil, queue.problem == nil {
            isLosingOldest = false
            configuration.say("sending again, \(queue.count) batches wait")
        }
        return step
    }

    private func account(_ losses: [PushQueue.Loss]) {
        for loss in losses {
            lossCount += 1
            recorder.drop(loss.push.samples, loss.reason, alreadyReported: loss.push.reportedDrops)
            switch loss.reason {
            case .bufferFull:
                if !isLosingOldest { configuration.say("the buffer is full, the oldest batches are dropped") }
                isLosingOldest = true
            default:
                configuration.say("batch \(loss.push.sequence) is dropped: \(queue.problem ?? "the client stopped")")
            }
        }
    }

    private func settle(_ isComplete: Bool) {
        for flush in flushes { flush.continuation.resume(returning: isComplete && lossCount == flush.lossCount) }
        flushes = []
    }

    private func debug(_ line: @autoclosure () -> String) {
        if configuration.isDebugging { configuration.say(line()) }
    }
}
