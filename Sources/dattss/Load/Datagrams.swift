import DattssCore

extension Bundles {
    /// Datagrams of statsd or DaTtSs lines, a sample a line, in the order in which they are sent.
    /// - Parameter keys: those of the stream's users.
    static func datagrams(_ stream: LoadStream, keys: ArraySlice<String>) throws -> Bundles {
        var writer = BundleWriter(stream)
        var numbers = LoadNumbers(seed: 1)
        for bundle in 0..<writer.count {
            let samples = writer.statistics(ofBundle: bundle).map { ($0, numbers.value(of: $0.kind)) }
            for key in keys {
                let lines = samples.map { line($0, $1, key, stream.lines) }
                try writer.append(Array(lines.joined(separator: "\n").utf8))
            }
            writer.note(samples.map { (1, $1) })
        }
        return writer.finish()
    }

    static let datagramBytesMax = 65_507

    private static func line(_ statistic: StatisticKey, _ value: Double, _ key: String, _ lines: LoadStream.Lines) -> String {
        let (path, number, kind) = (statistic.path, Int(value), statistic.kind.symbol)
        return switch lines {
        case .statsd: "\(path):\(number)|\(kind)"
        case .keyed: "\(key).\(path):\(number)|\(kind)"
        case .dattss: "\(key):load:\(path):\(number)\(kind)"
        }
    }
}
