package import DattssCore

/// Sends one batch and waits for its answer: what a command does that has nothing else to do.
package struct SingleDelivery: Sendable {
    private let transport: any Transport
    private let clock: any WallClock
    private let limitMilliseconds: Int64

    package init(transport: any Transport, clock: any WallClock = SteadyClock(), limitMilliseconds: Int64 = 5000) {
        self.transport = transport
        self.clock = clock
        self.limitMilliseconds = limitMilliseconds
    }

    /// Tries again, with the same bytes, what another attempt may mend, until the time is over.
    /// - Throws: ``DeliveryError``
    package func deliver(_ partials: [Partial], process: String? = nil) async throws(DeliveryError) {
        let deadline = clock.now().advanced(byMilliseconds: limitMilliseconds)
        var numbering = PushNumbering(client: Dattss.randomClient(), process: process)
        let pushes = numbering.pushes(of: partials, uptimeSeconds: 0)
        guard pushes.count == 1 else {
            throw DeliveryError(message: "expected one batch, \(partials.count) statistics make \(pushes.count)")
        }
        var queue = PushQueue(bufferBatches: 1, bufferBytes: .max, seed: .random(in: 0...UInt64.max))
        var step = queue.enqueue(pushes[0])
        while true {
            switch step.action {
            case .rest:
                if step.losses.isEmpty { return }
                throw DeliveryError(message: queue.problem ?? "the batch was refused")
            case .send(let push):
                step = await attempt(push, &queue, until: deadline)
            case .wait(let due):
                guard due < deadline, (try? await clock.sleep(until: due)) != nil else {
                    throw DeliveryError(message: queue.problem ?? "no answer in \(limitMilliseconds) ms")
                }
                step = queue.tick(at: clock.now())
            }
        }
    }

    private func attempt(_ push: Push, _ queue: inout PushQueue, until deadline: Timestamp) async -> PushQueue.Step {
        let remaining = deadline.milliseconds - clock.now().milliseconds
        do {
            let answer = try await transport.send(
                TransportRequest(path: "/agg", body: push.body, timeoutMilliseconds: max(100, remaining)))
            return queue.answer(answer, at: clock.now())
        } catch {
            return queue.fail("no answer: \(error)", at: clock.now())
        }
    }
}

/// Why a batch was not delivered: what the server said, or what kept it from saying anything.
package struct DeliveryError: Error, Hashable, CustomStringConvertible {
    package var message: String
    package var description: String { message }
}
