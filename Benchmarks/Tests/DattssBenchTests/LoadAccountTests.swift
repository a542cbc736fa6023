import Testing

@testable import DattssBench

@Suite("Load: the books")
struct LoadAccountTests {
    private func tally(sent: Int, acknowledged: Int, refused: [String: Int] = [:], unanswered: Int = 0) -> Tally {
        func amount(_ bundles: Int) -> Tally.Amount {
            Tally.Amount(bundles: bundles, items: bundles * 5, samples: Int64(bundles) * 50)
        }
        var tally = Tally()
        (tally.sent, tally.acknowledged, tally.unanswered) = (amount(sent), amount(acknowledged), amount(unanswered))
        tally.refused = refused.mapValues(amount)
        return tally
    }

    private func account(http: Tally = Tally(), udp: Tally = Tally(), isAlone: Bool = true, _ change: (inout ServerBooks) -> Void)
        -> LoadAccount
    {
        var server = ServerBooks()
        change(&server)
        return LoadAccount(http: http, udp: udp, server: server, samplesPerDatagram: 10, isAlone: isAlone)
    }

    @Test("adds up when everything acknowledged is counted")
    func balanced() {
        let http = tally(sent: 10, acknowledged: 7, refused: ["overloaded": 3])
        let books = account(http: http) { ($0.acceptedSamples, $0.refusedBatches) = (350, ["overloaded": 3]) }
        #expect(books.problems.isEmpty && books.missingSamples == 0)
    }

    /// Goal: a single sample more or less is noticed, and the message has the difference.
    @Test("one sample too few or too many does not add up")
    func difference() {
        let http = tally(sent: 10, acknowledged: 10)
        let less = account(http: http) { $0.acceptedSamples = 499 }
        #expect(less.problems.count == 1 && less.problems[0].hasPrefix("1 samples were acknowledged"))
        let more = account(http: http) { $0.acceptedSamples = 501 }
        #expect(more.problems.count == 1 && more.problems[0].hasPrefix("1 samples were counted"))
        let shared = account(http: http, isAlone: false) { $0.acceptedSamples = 501 }
        #expect(shared.problems.isEmpty && shared.samplesOfOthers == 1)
    }

    @Test("a refusal that the server does not count, and an answer that is missing, do not add up")
    func refusals() {
        let refused = tally(sent: 10, acknowledged: 9, refused: ["overloaded": 1])
        #expect(account(http: refused) { $0.acceptedSamples = 450 }.problems.count == 1)
        let open = tally(sent: 10, acknowledged: 9)
        #expect(account(http: open) { $0.acceptedSamples = 450 }.problems.count == 1)
    }

    @Test("a refusal that does not say when to come again is a fault of the server")
    func curt() {
        var refused = tally(sent: 10, acknowledged: 9, refused: ["overloaded": 1])
        refused.curtRefusals = 1
        let books = account(http: refused) { ($0.acceptedSamples, $0.refusedBatches) = (450, ["overloaded": 1]) }
        #expect(books.problems == ["1 answers 503 came without Retry-After"])
    }

    @Test("a request without an answer may have been counted, or not")
    func unanswered() {
        let http = tally(sent: 10, acknowledged: 9, unanswered: 1)
        #expect(account(http: http) { $0.acceptedSamples = 450 }.problems.isEmpty)
        #expect(account(http: http) { $0.acceptedSamples = 500 }.problems.isEmpty)
        #expect(account(http: http) { $0.acceptedSamples = 449 }.problems.count == 1)
        #expect(account(http: http) { $0.acceptedSamples = 501 }.problems.count == 1)
    }

    private func udp(datagrams: Int) -> Tally {
        var tally = Tally()
        tally.sent = Tally.Amount(bundles: datagrams, items: datagrams * 10, samples: Int64(datagrams) * 10)
        tally.acknowledged = tally.sent
        return tally
    }

    @Test("datagrams are taken in, lost by the kernel or refused by reason, to the last sample")
    func datagrams() {
        let books = account(udp: udp(datagrams: 100)) { server in
            (server.kernelDrops, server.refusedLines) = (3, ["bad_path": 4])
            (server.udpSamples, server.acceptedSamples) = (966, 966)
        }
        #expect(books.lostSamples == 30 && books.problems.isEmpty)
        let lost = account(udp: udp(datagrams: 100)) { ($0.udpSamples, $0.acceptedSamples) = (990, 990) }
        #expect(lost.problems == ["10 samples sent over UDP were neither taken in nor counted as lost"])
        let leaked = account(udp: udp(datagrams: 100)) { ($0.udpSamples, $0.acceptedSamples) = (1000, 999) }
        #expect(leaked.problems.count == 1)
        let refused = account(udp: udp(datagrams: 100)) { server in
            (server.udpSamples, server.acceptedSamples, server.refusedPartials) = (1000, 900, ["overloaded": 2])
        }
        #expect(refused.problems.isEmpty)
    }

    @Test("a server that was started anew is noticed")
    func restarted() {
        #expect(account(http: tally(sent: 1, acknowledged: 1)) { $0.acceptedSamples = -50 }.problems.count == 1)
    }

    @Test("the books are read from Prometheus' text, and subtracted")
    func reading() {
        let text = """
            # HELP dattss_samples_accepted_total Samples they stand for.
            dattss_samples_accepted_total 120
            dattss_batches_refused_total{reason="overloaded"} 7
            dattss_batches_refused_total{reason="malformed"} 1
            dattss_udp_samples_total 50
            dattss_udp_lines_refused_total{reason="bad_path"} 2
            dattss_udp_kernel_drops_total 3
            dattss_link_queued{link="a→b"} 4
            dattss_link_queued{link="b→c"} 5
            """
        let later = ServerBooks(text)
        #expect(later.acceptedSamples == 120 && later.udpSamples == 50 && later.kernelDrops == 3 && later.queued == 9)
        var earlier = ServerBooks()
        (earlier.acceptedSamples, earlier.refusedBatches) = (20, ["overloaded": 5, "malformed": 1])
        let difference = later.since(earlier)
        #expect(difference.acceptedSamples == 100)
        #expect(difference.refusedBatches == ["overloaded": 2] && difference.refusedLines == ["bad_path": 2])
    }
}
