import DattssCore
import Testing

@testable import DattssServer

@Suite("A request that leaves the server")
struct OutgoingTests {
    private static func policy(_ exceptions: String? = nil) -> OutgoingPolicy {
        var policy = OutgoingPolicy()
        if let exceptions, let addresses = TrustedProxies(exceptions) { policy.exceptions = addresses }
        return policy
    }

    @Test(
        "goes to the public network only",
        arguments: [
            ("8.8.8.8", true), ("1.1.1.1", true), ("100.63.0.1", true), ("172.15.0.1", true), ("172.32.0.1", true),
            ("192.167.1.1", true), ("198.20.0.1", true), ("2606:4700::1111", true), ("2a00:1450::1", true),
            ("64:ff9b::808:808", true),
            ("127.0.0.1", false), ("127.255.0.9", false), ("0.0.0.0", false), ("10.1.2.3", false), ("172.16.0.1", false),
            ("172.31.255.255", false), ("192.168.0.1", false), ("169.254.169.254", false), ("100.64.0.1", false),
            ("192.0.0.1", false),
            ("192.0.2.1", false), ("198.18.0.1", false), ("198.51.100.1", false), ("203.0.113.9", false), ("224.0.0.1", false),
            ("255.255.255.255", false), ("::1", false), ("::", false), ("fe80::1", false), ("fc00::1", false), ("fd12::1", false),
            ("ff02::1", false), ("2001:db8::1", false), ("2002:7f00:1::", false), ("2001:0:1::", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:8.8.8.8", true), ("64:ff9b::7f00:1", false), ("64:ff9b::a00:1", false),
        ])
    func addresses(_ text: String, _ isPublic: Bool) throws {
        #expect(OutgoingPolicy().allows(try #require(IPAddress(text))) == isPublic)
    }

    @Test("goes to other addresses only where whoever runs the server says so")
    func exceptions() throws {
        let policy = Self.policy("10.1.0.0/16,::1")
        for (text, isAllowed) in [("10.1.2.3", true), ("10.2.0.1", false), ("::1", true), ("127.0.0.1", false)] {
            #expect(policy.allows(try #require(IPAddress(text))) == isAllowed)
        }
    }

    @Test(
        "knows the host of a link",
        arguments: [
            ("https://Example.com/x", "example.com"), ("http://a.b:80", "a.b"), ("http://[::1]:80/", "::1"), ("https://a?b", "a"),
            ("ftp://a/", nil), ("https://", nil), ("https://user@a/", nil), ("https://a b/", nil), ("https://a\r\nX: y", nil),
            ("https://a\\@b/", nil), ("http://a:b/", nil), ("http://a:99999/", nil), ("http://[x]/", nil),
            ("http://{{secret}}/", nil), ("http://a?@b/", "a"), ("http://a#@b/", "a"), ("a", nil),
        ] as [(String, String?)])
    func hosts(_ url: String, _ host: String?) { #expect(OutgoingRequest.host(of: url) == host) }

    @Test("goes only to hosts of the list, if there is one")
    func list() {
        var policy = OutgoingPolicy()
        #expect(policy.allows(host: "anything"))
        policy.hosts = ["hooks.slack.com", ".example.org"]
        for (host, isAllowed) in [
            ("hooks.slack.com", true), ("HOOKS.slack.com", true), ("x.hooks.slack.com", false), ("example.org", true),
            ("a.example.org", true), ("badexample.org", false),
        ] {
            #expect(policy.allows(host: host) == isAllowed, "\(host)")
        }
    }

    /// Goal: neither an address nor a name nor a number that stands for it gets through, and nothing is sent.
    @Test("never reaches this machine", arguments: ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "0"])
    func loopback(_ host: String) async throws {
        let receiver = Receiver()
        try await receiver.start()
        let request = OutgoingRequest(url: "http://\(host):\(receiver.port)/", body: Array("x".utf8))
        await #expect(throws: AlertProblem.self) { try await request.send(OutgoingPolicy(), timeoutSeconds: 5) }
        #expect(receiver.connections == 0)
        // It is the check that keeps it from there.
        if host == "127.0.0.1" { #expect(try await request.send(Self.policy("127.0.0.1"), timeoutSeconds: 5).status == 200) }
        try await receiver.stop()
    }

    @Test("does not follow where an answer sends it")
    func redirects() async throws {
        let (other, receiver) = (Receiver(), Receiver())
        try await other.start()
        receiver.set(.status(307, headers: "Location: \(other.url)/\r\n"))
        try await receiver.start()
        let answer = try await OutgoingRequest(url: receiver.url).send(Self.policy("127.0.0.1"))
        #expect(answer.status == 307 && other.connections == 0)
        #expect(throws: AlertProblem("answered 307: redirects are not followed", isFinal: true)) { try AlertDelivery.check(answer) }
        try await other.stop()
        try await receiver.stop()
    }

    @Test("ends after its time when nothing is answered, and does not read an answer without an end")
    func hangs() async throws {
        let receiver = Receiver(.hangs)
        try await receiver.start()
        let request = OutgoingRequest(url: receiver.url, body: Array("x".utf8))
        let problem = await #expect(throws: AlertProblem.self) {
            try await request.send(Self.policy("127.0.0.1"), timeoutSeconds: 1)
        }
        #expect(problem?.isFinal == false)
        receiver.set(.closes)
        let closed = await #expect(throws: AlertProblem.self) {
            try await request.send(Self.policy("127.0.0.1"), timeoutSeconds: 5)
        }
        #expect(closed?.isFinal == false)
        receiver.set(.endless)
        let answer = try await request.send(Self.policy("127.0.0.1"), timeoutSeconds: 60)
        #expect(answer.status == 200 && answer.text.utf8.count <= 512)
        try await receiver.stop()
    }
}
