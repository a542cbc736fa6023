import Testing

@testable import DattssCore
@testable import DattssServer

/// Goal: one statistic's minute in each of the three forms, byte by byte.
@Suite struct ForwardFormatTests {
    private static let minute = Minute(29_834_012)
    private static let shop = UserID("shop") ?? .local

    private static func written(
        _ format: ForwardFormat, _ kind: Kind, _ path: String, _ values: [Double], total: Double = 0, withUser: Bool = false
    ) -> String {
        var merging = values.first.map { MergingAggregate(Aggregate(sample: $0)) }
        for value in values.dropFirst() { merging?.merge(Aggregate(sample: value)) }
        var batch = ForwardBatch()
        format.append(
            ForwardedStatistic(
                user: shop, key: StatisticKey(kind, path), aggregate: merging?.merged,
                total: .init(count: Int64(values.count), sum: total, minute: minute)),
            minute, withUser: withUser, to: &batch)
        return String(decoding: batch.bytes, as: UTF8.self)
    }

    @Test("lines of carbon have statsd's names, and stand at the beginning of the minute") func graphite() {
        let plain = ForwardFormat.graphite(prefix: "")
        #expect(
            Self.written(plain, .counter, "hits", [2, 4]) == """
                stats.counters.hits.count 6 1790040720
                stats.counters.hits.rate 0.1 1790040720

                """)
        #expect(
            Self.written(.graphite(prefix: "a.b"), .gauge, "load.host:x", [2.5], withUser: true)
                == "a.b.shop.stats.gauges.load.host:x 2.5 1790040720\n")
        #expect(
            Self.written(plain, .counter, "hits", []) == """
                stats.counters.hits.count 0 1790040720
                stats.counters.hits.rate 0 1790040720

                """)
        #expect(Self.written(plain, .timer, "wait", [5]).split(separator: "\n").count == 10)
        #expect(Self.written(plain, .timer, "wait", [5]).contains("stats.timers.wait.upper_99 5 1790040720\n"))
    }

    @Test("lines of JSON have the names of the label model, and stand at the end of the minute") func json() {
        let line = Self.written(.jsonLines, .counter, "hits.Zone:b.env:prod", [2], total: 7.25, withUser: true)
        #expect(
            line == #"{"metric":{"Zone":"b","__name__":"hits_total","dattss_user":"shop","env":"prod"},"#
                + #""values":[7.25],"timestamps":[1790040780000]}"# + "\n")
        // The percentiles, the smallest and the largest sample, their number and their sum.
        #expect(Self.written(.jsonLines, .timer, "wait", [5], total: 5).split(separator: "\n").count == 7)
        #expect(Self.written(.jsonLines, .timer, "wait", []).split(separator: "\n").count == 2)
    }

    @Test("remote write is the protobuf that its description says, with sorted labels") func protobuf() {
        var batch = ForwardBatch()
        ForwardFormat.remoteWrite.append(
            ForwardedStatistic(
                user: Self.shop, key: StatisticKey(.gauge, "load.Host:x"), aggregate: Aggregate(sample: 1)), Minute(0),
            withUser: false, to: &batch)
        // "Host" stands before "__name__".
        let host: [UInt8] = [0x0A, 9, 0x0A, 4] + Array("Host".utf8) + [0x12, 1] + Array("x".utf8)
        let name: [UInt8] = [0x0A, 16, 0x0A, 8] + Array("__name__".utf8) + [0x12, 4] + Array("load".utf8)
        // 1.0, and 60,000 ms.
        let sample: [UInt8] = [0x12, 13, 0x09, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0x10, 0xE0, 0xD4, 0x03]
        let message = host + name + sample
        #expect(batch.bytes == [0x0A, UInt8(message.count)] + message)
        #expect(batch.count == 1)
    }

    @Test("the halves of a batch are the batch") func halves() throws {
        var batch = ForwardBatch()
        for number in 0..<5 { batch.append(Array("series \(number)\n".utf8)) }
        let (first, second) = try #require(batch.halves)
        #expect(first.bytes + second.bytes == batch.bytes)
        #expect((first.count, second.count) == (2, 3))
        let (third, fourth) = try #require(second.halves)
        #expect(third.bytes + fourth.bytes == second.bytes)
        #expect(third.halves == nil && ForwardBatch().halves == nil)
    }
}
