/// One line of a datagram, taken apart but not yet looked up.
///
///     api.hits:2|c|@0.1|#env:prod            statsd and DogStatsD: it contains a '|'
///     api.wait:12:15:9|ms                    several values of one name, as DogStatsD packs them
///     KEY:api:query.time:153ms!              DaTtSs: auth key, process, path, value
public enum DatagramLine: Sendable, Hashable {
    case statsd(Statsd)
    case dattss(key: String, process: String, path: String, sample: SampleValue)

    public struct Statsd: Sendable, Hashable {
        /// The name with its tags behind it as components in sorted order. Where no user is set for statsd, it begins
        /// with an auth key and a dot.
        public var path: String
        public var samples: Samples
        /// How many samples each one stands for: 1/rate.
        public var scale: Double

        public init(path: String, samples: Samples, scale: Double = 1) {
            self.path = path
            self.samples = samples
            self.scale = scale
        }
    }

    public enum Samples: Sendable, Hashable {
        case counter([Double])
        /// Types `ms`, `h` and `d`.
        case timer([Double])
        case gauge([GaugeSample])
        /// Type `s`: values of which the distinct ones are counted.
        case set([String])
    }

    /// An unsigned number or one after `=` sets; a signed one is a delta where the value before it is known.
    public struct GaugeSample: Sendable, Hashable {
        public var value: Double
        public var isSigned: Bool

        public init(value: Double, isSigned: Bool = false) {
            self.value = value
            self.isSigned = isSigned
        }
    }

    /// Takes one line apart. `bytes` has no line end.
    public static func parse(_ bytes: UnsafeBufferPointer<UInt8>) throws(DatagramError) -> DatagramLine {
        if bytes.contains(UInt8(ascii: "|")) { return .statsd(try StatsdLine.parse(bytes)) }
        return try parseDattss(bytes)
    }

    /// Calls `body` with each line of a datagram that is not empty.
    public static func forEachLine(
        of datagram: UnsafeRawBufferPointer, _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        let bytes = datagram.bindMemory(to: UInt8.self)
        var start = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            var line = bytes[start..<end]
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            if !line.isEmpty { body(UnsafeBufferPointer(rebasing: line)) }
            start = end + 1
        }
    }

    /// The key ends at the first colon, the process at the second, the value begins after the last: a path may contain
    /// colons.
    private static func parseDattss(_ bytes: UnsafeBufferPointer<UInt8>) throws(DatagramError) -> DatagramLine {
        let colon = UInt8(ascii: ":")
        guard let first = bytes.firstIndex(of: colon),
            let second = bytes[(first + 1)...].firstIndex(of: colon),
            let last = bytes.lastIndex(of: colon), last > second
        else { throw .badFormat }
        let process = bytes[(first + 1)..<second]
        let path = bytes[(second + 1)..<last]
        guard Name.isValidProcess(process) else { throw .badProcess }
        guard Name.isValidPath(path) else { throw .badPath }
        let sample = try SampleValue(bytes: UnsafeBufferPointer(rebasing: bytes[(last + 1)...]))
        return .dattss(
            key: String(decoding: bytes[..<first], as: UTF8.self),
            process: String(decoding: process, as: UTF8.self),
            path: String(decoding: path, as: UTF8.self),
            sample: sample)
    }
}
