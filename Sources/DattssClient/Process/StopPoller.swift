import DattssCore

/// Asks the server, again and again, whether this process is to stop.
struct StopPoller: Sendable {
    private let poll: StopPoll?
    private let request: TransportRequest
    private let transport: any Transport
    private let clock: any WallClock

    static let timeoutMilliseconds: Int64 = 120_000

    /// - Parameter client: tells this run of the program from the next one.
    init(configuration: Dattss.Configuration, client: String, transport: any Transport, clock: any WallClock) {
        self.transport = transport
        self.clock = clock
        var json = JSONWriter()
        json.object { json in
            json.member("auth", configuration.auth)
            json.member("process", configuration.process)
            json.member("cid", client)
        }
        request = TransportRequest(path: "/process", body: json.bytes, timeoutMilliseconds: Self.timeoutMilliseconds)
        poll = configuration.process.map { StopPoll(auth: configuration.auth, process: $0, seed: .random(in: 0...UInt64.max)) }
    }

    /// - Returns: true when it is to stop; false when the task was cancelled.
    func waitForStopRequest() async -> Bool {
        guard var poll else { return false }
        while !Task.isCancelled {
            let start = clock.now().milliseconds
            let action: StopPoll.Action
            do {
                let answer = try await transport.send(request)
                action = poll.answer(answer, afterMilliseconds: clock.now().milliseconds - start)
            } catch {
                action = poll.fail(afterMilliseconds: clock.now().milliseconds - start)
            }
            switch action {
            case .stop: return true
            case .poll: continue
            case .wait(let milliseconds):
                let deadline = clock.now().advanced(byMilliseconds: milliseconds)
                guard (try? await clock.sleep(until: deadline)) != nil else { return false }
            }
        }
        return false
    }
}
