public import CoreMetrics
public import DattssClient

/// Reports to a DaTtSs server what a program's libraries measure through swift-metrics.
///
///     let stats = Dattss(auth: "KEY", process: "api")
///     stats.start()
///     MetricsSystem.bootstrap(DattssMetrics(stats))
///
/// | swift-metrics | becomes |
/// | --- | --- |
/// | `Counter`, `FloatingPointCounter` | a counter: each increment is a sample |
/// | `Timer` | a timer, in milliseconds |
/// | `Recorder` that aggregates | a timer: what it records has a distribution, whatever its unit |
/// | `Recorder` that does not, `Gauge`, `Meter` | a gauge |
///
/// A label and its dimensions in sorted order, `.name:value` each, are the path, as tags are of statsd lines; a byte that no
/// path has becomes `_`, and what is longer than 255 bytes is cut. An instrument remembers its value, for increments of a meter,
/// and nothing else: there is nothing to destroy.
public struct DattssMetrics: MetricsFactory {
    private let stats: Dattss

    /// - Parameter stats: the client that samples go to; whoever makes it starts it.
    public init(_ stats: Dattss) { self.stats = stats }

    /// A counter of which each increment is a sample.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        CounterInstrument(stats: stats, path: Self.path(label, dimensions))
    }

    /// The same with fractions, which are kept.
    public func makeFloatingPointCounter(label: String, dimensions: [(String, String)]) -> any FloatingPointCounterHandler {
        CounterInstrument(stats: stats, path: Self.path(label, dimensions))
    }

    /// A gauge that may be set, or changed by some amount. It begins at zero.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        LevelInstrument(stats: stats, path: Self.path(label, dimensions))
    }

    /// A timer when it aggregates, and otherwise a gauge.
    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        let path = Self.path(label, dimensions)
        return aggregate ? DurationInstrument(stats: stats, path: path) : LevelInstrument(stats: stats, path: path)
    }

    /// A timer in milliseconds.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        DurationInstrument(stats: stats, path: Self.path(label, dimensions))
    }

    /// Does nothing: an instrument keeps nothing that the server would miss.
    public func destroyCounter(_ handler: any CounterHandler) {}
    /// Does nothing.
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    /// Does nothing.
    public func destroyMeter(_ handler: any MeterHandler) {}
    /// Does nothing.
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    /// Does nothing.
    public func destroyTimer(_ handler: any TimerHandler) {}

    static func path(_ label: String, _ dimensions: [(String, String)]) -> String {
        let components = dimensions.map { ".\($0.0):\($0.1)" }.sorted()
        let bytes = (label + components.joined()).utf8.prefix(pathBytesMax).map { isPathByte($0) ? $0 : UInt8(ascii: "_") }
        return bytes.isEmpty ? "_" : String(decoding: bytes, as: UTF8.self)
    }

    private static let pathBytesMax = 255

    private static func isPathByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":"),
            UInt8(ascii: "!"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
