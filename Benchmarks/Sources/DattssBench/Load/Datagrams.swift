import DattssCore

extension Bundles {
    /// Datagrams of statsd or DaTtSs lines, a sample a line.
    /// - Parameter keys: those of the stream's users.
    static func datagrams(_ stream: LoadStream, keys: ArraySlice<String>) throws -> Bundles {
        var writer = BundleWriter(stream)
        let keys = keys.map { Array($0.utf8) }
        var text: [UInt8] = []
        for bundle in 0..<writer.count {
            let samples = writer.nextStatistics().map { statistic in
                (statistic: statistic, value: writer.numbers.value(of: writer.statistics[statistic].kind, statistic))
            }
            for (user, key) in keys.enumerated() {
                var key = key
                if stream.hasWrongKeys { WrongKeys.spoil(&key, UInt64(bundle) << 32 | UInt64(user)) }
                text.removeAll(keepingCapacity: true)
                for (statistic, value) in samples {
                    if !text.isEmpty { text.append(UInt8(ascii: "\n")) }
                    write(writer.statistics[statistic], value, key, stream.lines, to: &text)
                }
                try writer.append(text)
            }
            writer.note(samples.map { ($0.statistic, 1, $0.value.thousandths) })
        }
        return writer.finish()
    }

    static let datagramBytesMax = 65_507

    private static func write(
        _ statistic: StatisticKey, _ value: LoadValue, _ key: [UInt8], _ lines: LoadStream.Lines, to text: inout [UInt8]
    ) {
        switch lines {
        case .statsd: break
        case .keyed:
            text += key
            text.append(UInt8(ascii: "."))
        case .dattss:
            text += key
            text += ":load:".utf8
        }
        text += statistic.path.utf8
        text.append(UInt8(ascii: ":"))
        value.write(to: &text)
        if lines != .dattss { text.append(UInt8(ascii: "|")) }
        text += statistic.kind.symbol.utf8
    }
}
