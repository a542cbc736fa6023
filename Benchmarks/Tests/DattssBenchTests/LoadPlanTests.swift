import ArgumentParser
import DattssCore
import Foundation
import Testing

@testable import DattssBench

@Suite("Load: what to send")
struct LoadPlanTests {
    private func plan(_ text: String) throws -> LoadPlan {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("plan-\(UUID()).json").path
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try LoadPlan.read(path)
    }

    private func stream(_ text: String) throws -> LoadStream {
        try plan(#"{"phases":[{"seconds":1,"streams":[\#(text)]}]}"#).phases[0].streams[0]
    }

    @Test("every file in Fixtures/traffic can be played")
    func fixtures() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../../Fixtures/traffic").standardizedFileURL
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "json" }
        #expect(!files.isEmpty)
        for file in files { #expect(try !LoadPlan.read(file.path).phases.isEmpty, "\(file.lastPathComponent)") }
    }

    @Test("a stream says its shape, and has standards for the rest")
    func shape() throws {
        let body = try stream(#"{"over":"http","rate":2000,"users":3,"partials":20,"sketch":100,"mix":"c=1,ms=3"}"#)
        #expect(body.rate == .perSecond(2000) && body.users == 3 && body.bundleSize == 20 && body.paths == 1000)
        #expect(body.hasSketches && body.samplesPerPartial == 100)
        #expect(body.pace == Pace(intervalNanoseconds: 10_000_000))
        let lines = try stream(#"{"over":"udp","rate":"max","users":2}"#)
        #expect(lines.pace.isUnlimited && lines.lines == .dattss && lines.bundleSize == 20)
        #expect(try stream(#"{"over":"udp","rate":"max"}"#).lines == .statsd)
        let wrong = try stream(#"{"over":"http","rate":1,"values":"whole","seed":7,"variety":500,"wrongKeys":true}"#)
        #expect(wrong.values == .whole && wrong.seed == 7 && wrong.bundleCount == 500 && wrong.hasWrongKeys)
    }

    @Test(
        "what makes no sense is refused, and the message names it",
        arguments: [
            (#"{"over":"http","rate":1,"pats":3}"#, "pats"), (#"{"over":"http"}"#, "rate"), (#"{"rate":1}"#, "over"),
            (#"{"over":"http","rate":0}"#, "rate"), (#"{"over":"http","rate":"fast"}"#, "rate"),
            (#"{"over":"http","rate":1,"users":0}"#, "users"), (#"{"over":"http","rate":1,"paths":1000001}"#, "paths"),
            (#"{"over":"udp","rate":1,"partials":1}"#, "partials"), (#"{"over":"http","rate":1,"mix":"c=x"}"#, "mix"),
            (#"{"over":"udp","rate":1,"users":2,"lines":"statsd"}"#, "lines"),
            (#"{"over":"query","rate":1,"get":"status"}"#, "get"), (#"{"over":"http","rate":1,"variety":0}"#, "variety"),
            (#"{"over":"http","rate":1,"values":"odd"}"#, "values"), (#"{"over":"query","rate":1,"seed":2}"#, "seed"),
            (#"{"over":"udp","rate":1,"samples":2},{"over":"udp","rate":1,"samples":3}"#, "same number"),
        ])
    func nonsense(text: String, word: String) {
        #expect { try stream(text) } throws: { "\($0)".contains(word) }
    }

    @Test(
        "there are as many bundles as all statistics need several times, but for what memory does not hold",
        arguments: [
            (#"{"over":"http","rate":1}"#, 400), (#"{"over":"http","rate":1,"partials":1}"#, 4000),
            (#"{"over":"http","rate":1,"paths":100000}"#, 8000), (#"{"over":"http","rate":1,"paths":1000000}"#, 20_000),
            (#"{"over":"udp","rate":1}"#, 10_000), (#"{"over":"udp","rate":1,"users":10000,"paths":100}"#, 20),
            (#"{"over":"udp","rate":1,"users":10000,"paths":1000}"#, 50), (#"{"over":"udp","rate":1,"variety":3}"#, 50),
            (#"{"over":"udp","rate":1,"values":"same"}"#, 50),
        ])
    func variety(text: String, count: Int) throws {
        #expect(try stream(text).bundleCount == count)
    }

    @Test("kinds come in their shares, evenly mingled")
    func mix() throws {
        let kinds = KindMix().kinds(1000)
        #expect(kinds.count { $0 == .counter } == 500)
        #expect(kinds.count { $0 == .timer } == 400)
        #expect(kinds.count { $0 == .gauge } == 100)
        // In any ten neighbours.
        for start in stride(from: 0, to: 990, by: 7) { #expect(kinds[start..<(start + 10)].count { $0 == .gauge } == 1) }
        #expect(try #require(KindMix(argument: "g=1")).kinds(3) == [.gauge, .gauge, .gauge])
        for text in ["", "c", "c=0", "c=1,c=2", "x=1", "c=-1"] { #expect(KindMix(argument: text) == nil, "\(text)") }
    }

    @Test("the schedule and its inverse agree at every edge", arguments: [1.0, 3.7, 1000.0 / 3, 1e9 / 7, 20_000.0])
    func pace(interval: Double) {
        let pace = Pace(intervalNanoseconds: interval)
        #expect(pace.count(dueBy: -1) == 0 && pace.count(dueBy: 0) == 1)
        for number in [1, 2, 3, 10, 99, 1000, 123_456, 10_000_019] {
            let due = pace.due(number)
            #expect(pace.count(dueBy: due) > number)
            #expect(pace.count(dueBy: due - 1) <= number)
        }
    }
}
