import DattssCore
import Testing

@testable import DattssClient

@Suite struct StopPollTests {
    @Test("only the own key and name ask a process to stop")
    func answers() {
        var poll = StopPoll(auth: "local.key", process: "api", seed: 1)
        #expect(poll.answer(TransportAnswer(status: 200), afterMilliseconds: 60_000) == .poll)
        #expect(poll.answer(TransportAnswer(status: 200, body: "local.key-web"), afterMilliseconds: 60_000) == .poll)
        #expect(poll.answer(TransportAnswer(status: 200, body: "local.key-api"), afterMilliseconds: 0) == .stop)
    }

    @Test("a server that answers at once is not asked in a circle")
    func pacing() {
        var poll = StopPoll(auth: "k", process: "api", seed: 1)
        #expect(poll.answer(TransportAnswer(status: 200), afterMilliseconds: 20) == .wait(milliseconds: 980))
        guard case .wait(let pause) = poll.answer(TransportAnswer(status: 404), afterMilliseconds: 0) else {
            Issue.record("expected a pause")
            return
        }
        #expect(pause >= 15_000)
    }
}
