import CLoadSockets
import DattssCore
import Testing

@testable import dattss

@Suite("Load: what is prepared")
struct LoadBundleTests {
    private func stream(_ change: (inout LoadStream) -> Void) -> LoadStream {
        var stream = LoadStream()
        change(&stream)
        return stream
    }

    private func content(_ bundles: Bundles, _ slice: load_slice) -> ArraySlice<UInt8> {
        bundles.bytes[Int(slice.offset)..<Int(slice.offset + slice.length)]
    }

    /// Goal: the books of what will be sent are those of what the server decodes.
    @Test("bodies are what the server decodes, and the books agree", arguments: [(7, 3, false), (50, 50, true), (2, 5, true)])
    func bodies(paths: Int, partials: Int, hasSketches: Bool) throws {
        let bundles = try Bundles.bodies(
            stream { ($0.paths, $0.bundleSize, $0.hasSketches, $0.users) = (paths, partials, hasSketches, 2) })
        #expect(bundles.count == (paths + partials - 1) / partials && bundles.cycle == 2 * bundles.count)
        var seen: Set<StatisticKey> = []
        for bundle in 0..<bundles.count {
            let bytes = content(bundles, bundles.slices[bundle])
            let headEnd = try #require(bytes.firstIndex(of: UInt8(ascii: "{")))
            let body = Array(bytes[headEnd...])
            #expect(String(decoding: bytes[..<headEnd], as: UTF8.self) == "Content-Length: \(body.count)\r\n\r\n")
            let batch = try body.withUnsafeBufferPointer { bytes in
                try BatchDecoder.decode(UnsafeRawBufferPointer(bytes), limits: Limits())
            }
            #expect(batch.partials.count == partials)
            #expect(batch.partials.reduce(0) { $0 + $1.aggregate.count } == bundles.bundleSamples[bundle])
            let items = (0..<partials).map { item in
                let position = bundle * partials + item
                return (
                    bundles.statistics[bundles.statistic(item, ofBundle: bundle)], bundles.itemSums[position],
                    bundles.itemSamples[position]
                )
            }
            // A body has its partials kind by kind.
            for kind in Kind.allCases {
                let decoded = batch.partials.filter { $0.key.kind == kind }
                let noted = items.filter { $0.0.kind == kind }
                #expect(decoded.map(\.key) == noted.map(\.0))
                #expect(decoded.map(\.aggregate.sum) == noted.map(\.1))
                #expect(decoded.map(\.aggregate.count) == noted.map(\.2))
                #expect(decoded.allSatisfy { ($0.aggregate.sketch != nil) == (hasSketches && kind == .timer) })
            }
            seen.formUnion(batch.partials.map(\.key))
        }
        #expect(seen.count == paths)
    }

    @Test("datagrams are lines the server parses, in the order in which users take turns", arguments: LoadStream.Lines.allCases)
    func datagrams(lines: LoadStream.Lines) throws {
        let users = lines == .statsd ? 1 : 2
        let keys = ["ann.1", "bob.2"][..<users]
        let bundles = try Bundles.datagrams(
            stream { ($0.paths, $0.bundleSize, $0.lines, $0.users) = (5, 2, lines, users) }, keys: keys)
        #expect(bundles.slices.count == bundles.cycle && bundles.count == 3)
        for number in 0..<bundles.cycle {
            let key = keys[bundles.user(ofNumber: number)]
            let text = String(decoding: content(bundles, bundles.slices[number]), as: UTF8.self)
            let texts = text.split(separator: "\n").map(String.init)
            #expect(texts.count == 2)
            for (item, line) in texts.enumerated() {
                let bundle = bundles.bundle(ofNumber: number)
                let statistic = bundles.statistics[bundles.statistic(item, ofBundle: bundle)]
                let value = Int(bundles.itemSums[bundle * 2 + item])
                switch lines {
                case .statsd: #expect(line == "\(statistic.path):\(value)|\(statistic.kind.symbol)")
                case .keyed: #expect(line == "\(key).\(statistic.path):\(value)|\(statistic.kind.symbol)")
                case .dattss: #expect(line == "\(key):load:\(statistic.path):\(value)\(statistic.kind.symbol)")
                }
            }
        }
    }
}
