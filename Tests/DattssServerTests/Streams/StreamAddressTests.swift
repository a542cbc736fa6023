import Testing

@testable import DattssServer

/// Goal: an address that does not say what is meant is refused, and so is a stream that does not keep what it was made for.
@Suite("The address of a replicated log")
struct StreamAddressTests {
    @Test("names servers, the stream, and what is expected of it")
    func parts() throws {
        let plain = try #require(StreamAddress("nats://127.0.0.1:4222/dattss"))
        #expect(plain.servers == [HostPort(host: "127.0.0.1", port: 4222)] && plain.stream == "dattss")
        #expect((plain.replicas, plain.keepHours, plain.monitoring) == (3, 24, []))
        let all = try #require(StreamAddress("nats://a:1,[::1]:2/my_log-1?replicas=5&keep-hours=0&monitoring=8222,8223"))
        #expect(all.servers == [HostPort(host: "a", port: 1), HostPort(host: "::1", port: 2)])
        #expect((all.stream, all.replicas, all.keepHours) == ("my_log-1", 5, 0))
        #expect(all.monitoring == [HostPort(host: "a", port: 8222), HostPort(host: "::1", port: 8223)])
        #expect(StreamAddress("nats://a:1,b:2/s?monitoring=9")?.monitoring.map(\.host) == ["a", "b"])
        #expect(all.description == "nats://a:1,[::1]:2/my_log-1")
    }

    @Test(
        "is refused when it says something else",
        arguments: [
            "", "file", "nats://", "nats://a:1", "nats://a:1/", "nats://a/s", "nats://a:0/s", "nats://a:1,/s", "nats://a:1/s/t",
            "tls://a:1/s",
            "nats://user:secret@a:1/s", "nats://a:1/s.t", "nats://a:1/s>", "nats://a:1/s*", "nats://a:1/s t",
            "nats://a:1/s?replicas=2",
            "nats://a:1/s?replicas=", "nats://a:1/s?replicas=3&replicas=3", "nats://a:1/s?keep-hours=-1",
            "nats://a:1/s?keep-hours=999999",
            "nats://a:1/s?monitoring=0", "nats://a:1,b:1/s?monitoring=1,2,3", "nats://a:1/s?tls=1", "nats://a:1/s?",
        ])
    func refused(text: String) { #expect(StreamAddress(text) == nil) }

    @Test("a stream is refused by what it lacks")
    func configuration() {
        let right = JetStreamConfiguration(stream: "s", subject: "d.s", replicas: 3)
        #expect(right.problem(subject: "d.s", replicas: 3) == nil && right.problem(subject: "d.s", replicas: 1) == nil)
        let cases: [(String, (inout JetStreamConfiguration) -> Void)] = [
            ("storage", { $0.storage = "memory" }), ("replicas", { $0.num_replicas = 1 }),
            ("retention", { $0.retention = "workqueue" }),
            ("max_age", { $0.max_age = 1 }), ("max_msgs", { $0.max_msgs = 5 }), ("max_msg_size", { $0.max_msg_size = 1000 }),
            ("discard", { ($0.max_bytes, $0.discard) = (1000, "old") }), ("allow_direct", { $0.allow_direct = false }),
            ("no_ack", { $0.no_ack = true }), ("subjects", { $0.subjects = ["d.>"] }),
        ]
        for (name, change) in cases {
            var stream = right
            change(&stream)
            #expect(stream.problem(subject: "d.s", replicas: 3)?.contains(name) == true, "\(name)")
        }
        var bounded = right
        bounded.max_bytes = 1000
        #expect(bounded.problem(subject: "d.s", replicas: 3) == nil)
    }

    @Test("credentials are a user and a password, or a token")
    func login() {
        let pair = NatsLogin("ann:se:cret\nmore")
        #expect((pair.user, pair.password, pair.token) == ("ann", "se:cret", nil))
        let token = NatsLogin("s3cr3t\n")
        #expect((token.user, token.password, token.token) == (nil, nil, "s3cr3t"))
    }
}
