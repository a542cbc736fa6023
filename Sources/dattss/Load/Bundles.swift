import CLoadSockets
import DattssCore

/// Everything that a stream will send, as bytes: made before the clock starts, so that sending costs system calls only.
///
/// Statistic `i` of a user is item `i % size` of bundle `i / size`; the last bundle goes on with the first statistics. Users
/// take turns: what goes out as number `n` is bundle `(n / users) % count` of user `n % users`.
///
///     number     0    1    2    3    4    5    6 …      two users, three bundles
///     user       A    B    A    B    A    B    A
///     bundle     0    0    1    1    2    2    0
struct Bundles: Sendable {
    let statistics: [StatisticKey]
    let userCount: Int
    /// Bundles of one user.
    let count: Int
    let size: Int
    let bytes: [UInt8]
    /// Of one user's bundles, or of the whole cycle where every user's have bytes of their own.
    let slices: [load_slice]
    /// Samples and sum of each item, bundle after bundle.
    let itemSamples: [Int64]
    let itemSums: [Double]
    /// Samples of each bundle.
    let bundleSamples: [Int64]

    static let bytesMax = 1 << 30

    /// After how many bundles everything begins anew.
    var cycle: Int { userCount * count }

    func bundle(ofNumber number: Int) -> Int { (number / userCount) % count }
    func user(ofNumber number: Int) -> Int { number % userCount }
    func statistic(_ item: Int, ofBundle bundle: Int) -> Int { (bundle * size + item) % statistics.count }
}

struct LoadError: Error, CustomStringConvertible {
    var description: String
}

/// Collects the bytes and the books of bundles.
struct BundleWriter {
    let stream: LoadStream
    let statistics: [StatisticKey]
    private(set) var bytes: [UInt8] = []
    private(set) var slices: [load_slice] = []
    private var itemSamples: [Int64] = []
    private var itemSums: [Double] = []
    private var bundleSamples: [Int64] = []

    var count: Int { (stream.paths + stream.bundleSize - 1) / stream.bundleSize }

    init(_ stream: LoadStream) {
        self.stream = stream
        statistics = stream.mix.kinds(stream.paths).enumerated().map { index, kind in
            StatisticKey(kind, "load.some.path.\(index)")
        }
    }

    func statistics(ofBundle bundle: Int) -> [StatisticKey] {
        (0..<stream.bundleSize).map { statistics[(bundle * stream.bundleSize + $0) % statistics.count] }
    }

    mutating func append(_ content: some Collection<UInt8>) throws(LoadError) {
        guard bytes.count + content.count <= Bundles.bytesMax else {
            throw LoadError(
                description: """
                    what '\(stream.title)' would send does not fit into \(Bundles.bytesMax >> 20) MiB: take fewer paths, users \
                    or samples in a sketch
                    """)
        }
        slices.append(load_slice(offset: UInt32(bytes.count), length: UInt32(content.count)))
        bytes += content
    }

    mutating func note(_ items: [(samples: Int64, sum: Double)]) {
        itemSamples += items.map(\.samples)
        itemSums += items.map(\.sum)
        bundleSamples.append(items.reduce(0) { $0 + $1.samples })
    }

    func finish() -> Bundles {
        Bundles(
            statistics: statistics, userCount: stream.users, count: count, size: stream.bundleSize, bytes: bytes,
            slices: slices, itemSamples: itemSamples, itemSums: itemSums, bundleSamples: bundleSamples)
    }
}

/// The same numbers on every machine and in every run.
struct LoadNumbers {
    private var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    /// A value as a program might send it: small whole counts, milliseconds with a long tail, a wandering reading. Whole
    /// numbers, so that sums are exact.
    mutating func value(of kind: Kind) -> Double {
        let number = random.next()
        switch kind {
        case .counter: return Double(1 + number % 7)
        case .timer: return Double(1 + number % 50) * Double(1 << (number >> 32).trailingZeroBitCount.clamped(0, 8))
        case .gauge: return Double(100 + number % 900)
        }
    }
}
