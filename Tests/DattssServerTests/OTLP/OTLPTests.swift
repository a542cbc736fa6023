import DattssCore
import DattssTestSupport
import Foundation
import Testing

@testable import DattssServer

@Suite struct OTLPTests {
    static let user = UserID("local")

    static func export(_ name: String) throws -> [UInt8] {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../../Fixtures/otlp/\(name)").standardizedFileURL
        return Array(try Data(contentsOf: file))
    }

    private func plan(_ metrics: OTLPMetrics, _ intake: OTLPIntake = OTLPIntake(startedAt: Timestamp(seconds: 0))) throws
        -> OTLPPlan
    {
        intake.plan(metrics, of: try #require(Self.user), at: Moment(Timestamp(seconds: 1_795_474_300)), limits: Limits())
    }

    @Test("an export of the real SDK becomes its statistics, the same from protobuf and from JSON")
    func realExport() throws {
        // Goal: both formats say the same, and nothing of it is lost.
        let protobuf = try plan(try OTLPFormat.protobuf.decode(try Self.export("export.pb"), sizeMax: 10_000))
        let json = try plan(try OTLPFormat.json.decode(try Self.export("export.json"), sizeMax: 10_000))
        #expect(protobuf.partials == json.partials)
        #expect(protobuf.processes == ["shop"])
        #expect(protobuf.rejectedPoints == 0)
        let found = Dictionary(uniqueKeysWithValues: protobuf.partials.map { ($0.key, $0.aggregate) })
        #expect(found[StatisticKey(.counter, "hits.a:x_y.b:1.f:0.5.t:true")]?.sum == 3)
        #expect(found[StatisticKey(.gauge, "open")]?.last == -2)
        #expect(found[StatisticKey(.gauge, "load")]?.last == 0.75)
        for (path, count, sum) in [("wait", 6, 5062.5), ("exp", 7, 5065.5)] {
            let timer = try #require(found[StatisticKey(.timer, path)])
            #expect(timer.count == Int64(count) && timer.sum == sum && timer.min == 0 && timer.max == 5000)
            #expect(timer.sketch?.count == Int64(count))
            #expect(timer.isApproximate)
        }
    }

    @Test("an export that is cut anywhere is decoded or refused, and never read past its end")
    func cutExports() throws {
        // Goal: bytes come from outside.
        let whole = try Self.export("export.pb")
        var refused = 0
        for length in 0..<whole.count {
            // A buffer of exactly this length, so that a sanitizer sees the first byte behind it.
            do { _ = try OTLPFormat.protobuf.decode(Array(whole[..<length]), sizeMax: 10_000) } catch { refused += 1 }
        }
        #expect(refused > whole.count / 2)
    }

    @Test("mutated exports never trap, and what is taken of them is sound", arguments: [1, 2, 3, 4] as [UInt64])
    func mutatedExports(seed: UInt64) throws {
        // Goal: whatever a sender sends, only checked aggregates reach the pipeline.
        let intake = OTLPIntake(startedAt: Timestamp(seconds: 0))
        var generator = SeededGenerator(seed: seed)
        let (protobuf, json) = (try Self.export("export.pb"), try Self.export("export.json"))
        var taken = 0
        for _ in 0..<1500 {
            let isJSON = Int.random(in: 0..<4, using: &generator) == 0
            var bytes = isJSON ? json : protobuf
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let place = Int.random(in: bytes.indices, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes.remove(at: place)
                case 1: bytes.insert(.random(in: 0...255, using: &generator), at: place)
                case 2: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                default: bytes[place] = [0x00, 0x7F, 0x80, 0xFF].randomElement(using: &generator) ?? 0
                }
            }
            guard let metrics = try? (isJSON ? OTLPFormat.json : .protobuf).decode(bytes, sizeMax: 10_000),
                let plan = try? plan(metrics, intake)
            else { continue }
            for partial in plan.partials {
                taken += 1
                #expect(Name.isValidPath(partial.key.path.utf8), "seed \(seed)")
                #expect(throws: Never.self, "seed \(seed)") { try partial.aggregate.checked() }
            }
        }
        #expect(taken > 200)
    }

    @Test("varints of more than ten bytes, fields without a number and lengths beyond the end are refused")
    func malformedProtobuf() {
        for bytes: [UInt8] in [
            Array(repeating: 0x80, count: 11), [0x00, 0x01], [0x0A, 0x05, 0x01], [0x0B], [0x09, 1, 2, 3],
            [0x0A] + Array(repeating: 0xFF, count: 9),
        ] {
            #expect(throws: WireError.self, "\(bytes)") { try OTLPFormat.protobuf.decode(bytes, sizeMax: 10) }
        }
    }

    @Test("an export that is not taken in is counted when it comes again")
    func cancelledPlan() throws {
        // Goal: a refusal of the pipeline leaves nothing behind.
        let intake = OTLPIntake(startedAt: Timestamp(seconds: 0))
        let metrics = try OTLPFormat.protobuf.decode(try Self.export("export.pb"), sizeMax: 10_000)
        let first = try plan(metrics, intake)
        #expect(!first.partials.isEmpty)
        let again = try plan(metrics, intake)
        #expect(again.partials.isEmpty && again.repeatedPoints == 5)
        intake.cancel(first, of: try #require(Self.user))
        #expect(try plan(metrics, intake).partials == first.partials)
    }
}
