import DattssCore
import DattssPipeline
import DattssTestSupport
import Foundation
import Testing

@testable import DattssServer

/// Goal: nothing that anybody can send costs much more for its bytes than what everybody sends.
///
/// What is counted is the processor time of this thread, the least of some repetitions, so that a busy machine makes nothing dear;
/// one form after the other, because threads that ask for memory at once wait for each other in the kernel, and that counts.
/// `scripts/soak cost` tries 10,000 bodies and more, in an optimised build.
@Suite(.serialized) struct CostPerByteTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let bodies = environment["DATTSS_BODIES"].flatMap { Int($0) } ?? 280
    private static let seed = environment["DATTSS_SEED"].flatMap { UInt64($0) } ?? 20_261_129
    /// What a body may cost a byte, in plain ones: 10 where that is measured with care.
    private static let factor = environment["DATTSS_COST_FACTOR"].flatMap { Double($0) } ?? 40
    private static let bytes = 32_768

    @Test("no body costs much more for its bytes than a plain one", arguments: Adversary.Form.allCases)
    private func costPerByte(_ form: Adversary.Form) {
        let plain = Self.plain(form)
        // (For a compressed one it is what its content costs.)
        let plainForm = form == .zstd || form == .gzip ? .json : form
        let floor = (0..<5).map { _ in Self.costPerByte(plain, plainForm) }.min() ?? 0
        var worst: (ratio: Double, seed: UInt64) = (0, 0)
        for number in 0..<Self.bodies / Adversary.Form.allCases.count {
            let seed = Self.seed &+ UInt64(number) &* 7919
            var adversary = Adversary(seed: seed)
            let body = adversary.body(form, size: Self.bytes)
            var ratio = Double.infinity
            // What was disturbed is measured again, and what it is measured by.
            for _ in 0..<6 where ratio > Self.factor { ratio = min(ratio, Self.costPerByte(body, form) / floor) }
            if ratio > worst.ratio { worst = (ratio, seed) }
            #expect(ratio <= Self.factor, "\(form): \(ratio) times a plain body, seed \(seed)")
        }
        print("cost of a byte, \(form): at most \(worst.ratio) times \(floor * 1e9) ns, seed \(worst.seed)")
    }

    // MARK: What it costs

    /// Seconds of the processor for each byte, as it came or as it was decompressed.
    private static func costPerByte(_ body: [UInt8], _ form: Adversary.Form) -> Double {
        var (best, size) = (Double.infinity, body.count)
        for _ in 0..<3 {
            let seconds = ThrownErrors.withoutBacktraces {
                let before = ProcessorTime.seconds()
                size = take(body, form)
                return ProcessorTime.seconds() - before
            }
            best = min(best, seconds)
        }
        return best / Double(max(size, body.count))
    }

    /// What a server does with it up to the log. What is refused is refused at the same cost.
    /// - Returns: its bytes, decompressed.
    private static func take(_ body: [UInt8], _ form: Adversary.Form) -> Int {
        switch form {
        case .json: takeBatch(body)
        case .zstd: return takeCompressed(body, .zstd)
        case .gzip: return takeCompressed(body, .gzip)
        case .otlpProtobuf: takeExport(body, .protobuf)
        case .otlpJSON: takeExport(body, .json)
        case .statsd, .dattss: takeLines(body)
        }
        return body.count
    }

    private static func takeBatch(_ body: [UInt8]) {
        var admission = Admission()
        guard
            let batch = try? body.withUnsafeBufferPointer({ (bytes) throws(WireError) in
                try BatchDecoder.decode(UnsafeRawBufferPointer(bytes))
            })
        else { return }
        _ = admission.admit(batch, at: Timestamp(seconds: 1_795_330_000), limits: Limits())
    }

    /// - Returns: as many bytes as came out, of one that is too large the limit.
    private static func takeCompressed(_ body: [UInt8], _ encoding: ContentEncoding) -> Int {
        let limit = Limits().bodyBytes
        do throws(WireError) {
            let content = try body.withUnsafeBufferPointer { (bytes) throws(WireError) in
                try BodyDecompressor().decode(UnsafeRawBufferPointer(bytes), encoding, upTo: limit)
            }
            takeBatch(content)
            return content.count
        } catch {
            return error.reason == .bodyTooLarge ? limit : body.count
        }
    }

    private static func takeExport(_ body: [UInt8], _ format: OTLPFormat) {
        guard let metrics = try? format.decode(body, sizeMax: Limits().partialsPerBatch) else { return }
        let intake = OTLPIntake(startedAt: Timestamp(seconds: 0))
        _ = intake.plan(metrics, of: .local, at: Moment(Timestamp(seconds: 1_795_330_000)), limits: Limits())
    }

    private static func takeLines(_ body: [UInt8]) {
        var limits = Limits()
        // Fewer than there are names in some bodies: what finds no room costs no more than what does.
        limits.liveStatisticsPerUser = 500
        var collector = DatagramCollector(authenticator: OneUser(), statsdUser: .local, limits: limits)
        body.withUnsafeBytes { collector.receive($0) }
        _ = collector.flush()
    }

    private struct OneUser: Authenticator {
        func owner(ofKey key: String) -> KeyOwner? { key.hasPrefix("ann") ? KeyOwner(.local) : nil }
    }

    // MARK: What everybody sends

    private static func plain(_ form: Adversary.Form) -> [UInt8] {
        switch form {
        case .json, .zstd, .gzip:
            let partials = (0..<200).map { number in
                "{\"typ\":\"c\",\"pth\":\"routes.get_user.\(number)\",\"sum\":\(number + 376),\"cnt\":340,\"max\":3,\"min\":1,"
                    + "\"top\":3,\"bot\":1,\"fst\":1,\"lst\":1,\"pct\":0.1,\"emp\":false}"
            }
            return Array("{\"prt\":{\"c\":[\(partials.joined(separator: ","))],\"ms\":[],\"g\":[]},\"nam\":\"api\"}".utf8)
        case .otlpProtobuf, .otlpJSON:
            let metrics = (0..<300).map { number in
                OTLPExport.sum("http.requests.\(number)", (1, 2, 3), attributes: [OTLPExport.string("method", "GET")])
            }
            let export = OTLPMetrics(resources: [.init(scopes: [.init(metrics: metrics)])])
            if form == .otlpProtobuf { return ProtobufExport.bytes(of: export) }
            var random = SeededGenerator(seed: 1)
            return JSONExport(&random).bytes(of: export)
        case .statsd: return Array((0..<1200).flatMap { "routes.get_user.\($0 % 100):\($0)|ms\n".utf8 })
        case .dattss:
            return Array((0..<600).flatMap { "ann.0123456789abcdef0123456789abcdef:api:query.time.\($0 % 100):\($0)ms\n".utf8 })
        }
    }
}
