import DattssCore
import Testing

@testable import DattssServer

@Suite struct OTLPIdentityTests {
    private struct Pair: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var one: OTLPMetrics
        var other: OTLPMetrics
    }

    private static func total(
        _ attributes: [OTLPMetrics.Attribute] = [], unit: String = "", resource: [OTLPMetrics.Attribute] = [],
        scope: OTLPMetrics.Scope = .init()
    ) -> OTLPMetrics {
        OTLPExport.of(
            OTLPExport.sum("hits", (5, 10, 15), unit: unit, attributes: attributes), resource: resource, scope: scope)
    }

    private static func value(_ value: OTLPMetrics.AnyValue) -> OTLPMetrics { total([.init(key: "k", value: value)]) }

    /// Series whose path is the same.
    private static let different = [
        Pair(testDescription: "text and a number", one: value(.string("1")), other: value(.int(1))),
        Pair(testDescription: "an integer and a double", one: value(.string("1.0")), other: value(.double(1))),
        Pair(testDescription: "text and a truth", one: value(.string("true")), other: value(.bool(true))),
        Pair(testDescription: "lists", one: value(.array([.string("a")])), other: value(.array([.string("b")]))),
        Pair(
            testDescription: "the order in a list", one: value(.array([.int(1), .int(2)])),
            other: value(.array([.int(2), .int(1)]))),
        Pair(
            testDescription: "how lists are nested", one: value(.array([.array([.int(1)]), .int(2)])),
            other: value(.array([.array([.int(1), .int(2)])]))),
        Pair(
            testDescription: "maps", one: value(.map([.init(key: "a", value: .int(1))])),
            other: value(.map([.init(key: "a", value: .int(2))]))),
        Pair(testDescription: "bytes and nothing", one: value(.bytes([1])), other: value(.none)),
        Pair(testDescription: "what a path has no byte for", one: value(.string("é")), other: value(.string("è"))),
        Pair(testDescription: "units", one: total(unit: "By"), other: total(unit: "{call}")),
        Pair(
            testDescription: "resources", one: total(resource: [OTLPExport.string("host", "a")]),
            other: total(resource: [OTLPExport.string("host", "b")])),
        Pair(
            testDescription: "where a resource's key ends", one: total(resource: [OTLPExport.string("ab", "c")]),
            other: total(resource: [OTLPExport.string("a", "bc")])),
        Pair(testDescription: "scopes", one: total(scope: .init(name: "a")), other: total(scope: .init(name: "b"))),
        Pair(
            testDescription: "a scope's version", one: total(scope: .init(name: "a", version: "1")),
            other: total(scope: .init(name: "a", version: "2"))),
        Pair(
            testDescription: "a scope's attributes", one: total(scope: .init(name: "a", attributes: [OTLPExport.string("k", "v")])),
            other: total(scope: .init(name: "a"))),
        Pair(
            testDescription: "temporality", one: total(),
            other: OTLPExport.of(OTLPExport.sum("hits", (5, 10, 15), temporality: .delta))),
        Pair(
            testDescription: "kinds of histograms",
            one: OTLPExport.of(OTLPExport.histogram("waits", start: 5, time: 10, bounds: [10], counts: [3, 0], sum: 15)),
            other: OTLPExport.of(OTLPExport.exponential("waits", start: 5, time: 10, scale: 0, counts: [0, 0, 3], sum: 15))),
    ]

    @Test("series that differ only in what no path shows keep their totals, and add up in one statistic", arguments: different)
    private func keepTotals(_ pair: Pair) throws {
        // Goal: 15 and 15 are 30, and a second export of both adds nothing.
        var ledger = OTLPLedger()
        for export in [pair.one, pair.other, pair.one, pair.other] { ledger.take(export) }
        #expect(ledger.sums.count == 1)
        #expect(ledger.sums.values.first == 30)
        #expect(ledger.repeated == 2)
    }

    @Test("the order of attributes, of a map's members and of a resource's does not matter")
    func order() {
        // Goal: what is equal by the specification is one series.
        let (a, b) = (OTLPExport.string("a", "1"), OTLPExport.string("b", "2"))
        var ledger = OTLPLedger()
        for export in [
            Self.total([a, b, .init(key: "m", value: .map([a, b]))], resource: [a, b], scope: .init(attributes: [a, b])),
            Self.total([.init(key: "m", value: .map([b, a])), b, a], resource: [b, a], scope: .init(attributes: [b, a])),
        ] {
            ledger.take(export)
        }
        #expect(ledger.sums == [StatisticKey(.counter, "hits.a:1.b:2.m:_"): 15])
        #expect(ledger.repeated == 1)
    }

    @Test("names and attributes become paths as statsd makes them, and that is counted")
    func rewrittenNames() {
        // Goal: nobody is refused for a slash, a blank or an accent, and two names of one path are one statistic.
        var ledger = OTLPLedger()
        let attributes = [OTLPExport.string("http.route", "/users/{id}"), OTLPExport.string("zone name", "b  c")]
        let plan = ledger.take(
            OTLPExport.of(
                OTLPExport.sum("temps réel", (5, 10, 1), attributes: attributes),
                OTLPExport.sum("temps rel", (5, 10, 2), attributes: attributes), OTLPExport.sum("plain", (5, 10, 4)),
                resource: [OTLPExport.string("service.name", "check out/é")]))
        #expect(
            ledger.sums == [
                StatisticKey(.counter, "temps_rel.http.route:-users-id.zone_name:b_c"): 3, StatisticKey(.counter, "plain"): 4,
            ])
        #expect(plan.rewrittenNames == 2)
        #expect(plan.processes == ["check_out-"])
    }

    @Test("what is too long or nothing is refused by its points, and the others are taken in")
    func refusedNames() {
        // Goal: a limit names what it refuses, and costs nobody else anything.
        var ledger = OTLPLedger()
        let long = String(repeating: "x", count: 300)
        let plan = ledger.take(
            OTLPExport.of(
                OTLPExport.sum(long, (1, 2, 1), (1, 3, 2)), OTLPExport.sum("", (1, 2, 1)), OTLPExport.sum("é", (1, 2, 1)),
                OTLPExport.sum("a", (1, 2, 1), attributes: [OTLPExport.string("k", long)]),
                OTLPExport.sum(
                    "b", (1, 2, 1), attributes: (0...OTLPPath.attributesMax).map { OTLPExport.string("k\($0)", "") }),
                OTLPExport.sum("c", (1, 2, 1), unit: String(repeating: "u", count: 2000)),
                OTLPExport.sum(String(repeating: "é", count: 400) + "d", (1, 2, 9))))
        #expect(plan.rejectedPoints == 7)
        #expect(plan.problem?.hasPrefix("'\(long.prefix(64))' with its unit is no name") == true)
        #expect(ledger.sums == [StatisticKey(.counter, "d"): 9])
    }
}
