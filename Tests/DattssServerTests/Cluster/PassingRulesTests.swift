import HTTPTypes
import NIOHTTP1
import Testing

@testable import DattssServer

/// Goal: one that stands by passes on what it is asked, to the owner and to nobody else, and never twice.
@Suite("Who passes what to whom")
struct PassingRulesTests {
    private let owner = StreamOwnerName(node: "one", address: HostPort(host: "10.0.0.1", port: 80))
    private let rules = PassingRules(node: "two", proxies: TrustedProxies("10.0.0.9")!)

    private func head(_ uri: String = "/agg", _ headers: [(String, String)] = [], _ method: HTTPMethod = .PUT) -> HTTPRequestHead {
        HTTPRequestHead(version: .http1_1, method: method, uri: uri, headers: HTTPHeaders(headers))
    }

    @Test("a request goes to the owner, and what is asked of this server is answered here")
    func decisions() {
        let nowhere = StreamOwnerName(node: "one", address: nil)
        let passed = head("/agg", [("x-dattss-passed", "three")])
        #expect(rules.decision(for: head(), owner: owner) == .pass(to: HostPort(host: "10.0.0.1", port: 80)))
        #expect(rules.decision(for: head(), owner: nil) == .refuse(.noOwner))
        #expect(rules.decision(for: head(), owner: nowhere) == .refuse(.noAddress))
        #expect(rules.decision(for: passed, owner: owner) == .refuse(.passedTwice))
        #expect(rules.decision(for: head("/healthz?now"), owner: nil) == .health)
        #expect(rules.decision(for: head("/metrics"), owner: owner) == .metrics)
        #expect(rules.decision(for: head("/healthz/x"), owner: owner) == .pass(to: HostPort(host: "10.0.0.1", port: 80)))
    }

    @Test("what is passed on is marked, so that it is refused where it would be passed on again")
    func loops() {
        #expect(rules.decision(for: rules.passed(head(), from: "192.0.2.1"), owner: owner) == .refuse(.passedTwice))
    }

    @Test("where a request comes from is said of whoever is connected, and what strangers say of it is left out")
    func origins() {
        let said = head("/agg", [("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "a")])
        let stranger = rules.passed(said, from: "192.0.2.1").headers
        #expect(stranger["X-Forwarded-For"] == ["192.0.2.1"] && stranger["X-Forwarded-Proto"] == ["http"])
        #expect(stranger["X-Forwarded-Host"].isEmpty)
        let proxy = rules.passed(said, from: "10.0.0.9").headers
        #expect(proxy["X-Forwarded-For"] == ["1.2.3.4", "10.0.0.9"] && proxy["X-Forwarded-Proto"] == ["https"])
    }

    @Test("what is said to the next one only is not passed on, in either direction")
    func hops() {
        let passed = rules.passed(
            head("/", [("Connection", "close, X-Mine"), ("X-Mine", "1"), ("TE", "trailers"), ("Host", "a:1"), ("Upgrade", "h2c")]),
            from: nil
        ).headers
        #expect(passed.map(\.name).sorted() == ["Host", "X-DaTtSs-Passed", "X-Forwarded-Proto"])
        let answer = HTTPResponseHead(
            version: .http1_1, status: .ok, headers: ["Transfer-Encoding": "chunked", "Keep-Alive": "3", "ETag": "x"])
        var old = head()
        old.version = .http1_0
        let back = rules.passed(answer, to: old)
        #expect(back.headers.map(\.name) == ["ETag"] && back.version == .http1_0)
    }

    @Test("whoever is refused is told when to come back, and that a lost change may have been made")
    func refusals() {
        for refusal in [PassingRefusal.noOwner, .noAddress, .passedTwice, .lost, .unknown] {
            #expect(refusal.answer.status.code == 503 && refusal.answer.headers[.retryAfter] == "1")
        }
        #expect(PassingRefusal.lost(.PUT).answer.name == "outcome_unknown" && PassingRefusal.lost(.GET).answer.name == "no_owner")
    }
}

/// Goal: an owner that is there is never replaced, one that is lost is within seconds, and an engine that is away says nothing of either.
@Suite("One that stands by")
struct StandbyWaitTests {
    private let owner = StreamOwnerName(node: "one", address: nil)

    private func actions(_ answers: [StandbyWait.Answer]) -> [StandbyWait.Action] {
        var wait = StandbyWait()
        return answers.map { wait.take($0) }
    }

    @Test("takes over after some answers that there is nobody, or fewer that do not come")
    func takesOver() {
        #expect(actions(Array(repeating: .nobody, count: 5)) == [.wait, .nobody, .nobody, .nobody, .takeOver])
        #expect(actions(Array(repeating: .silence, count: 3)) == [.nobody, .nobody, .takeOver])
    }

    @Test("begins anew with each answer of the owner, and waits as long as the engine is away")
    func waits() {
        let nobodies = [StandbyWait.Answer](repeating: .nobody, count: 4)
        #expect(!actions(nobodies + [.owner(owner)] + nobodies).contains(.takeOver))
        #expect(actions([.owner(owner)]) == [.passTo(owner)])
        #expect(!actions(nobodies + Array(repeating: .noEngine, count: 100)).contains(.takeOver))
    }

    @Test("knows an owner by what it says of itself, with or without an address")
    func names() {
        let named = StreamOwnerName(node: "m:1", address: HostPort(host: "::1", port: 80))
        #expect(StreamOwnerName(named.text) == named)
        #expect(StreamOwnerName("m:1") == StreamOwnerName(node: "m:1", address: nil))
        for bad in ["", " ", "a http://", "a https://b:1", "a http://b:0", "a b c", "a\n", "ä"] {
            #expect(StreamOwnerName(bad) == nil, "\(bad)")
        }
    }
}
