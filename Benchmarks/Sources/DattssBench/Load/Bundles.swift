import CLoadSockets
import DattssCore

/// Everything that a stream will send, as bytes: made before the clock starts, so that sending costs system calls only.
///
/// All statistics of a user come one after the other in an order drawn for each pass over them; a bundle holds the next `size`
/// of them. Users take turns, and begin at different bundles, so that bundles that follow each other are different; when all
/// were sent, it begins anew elsewhere. A slot is a bundle of a user:
///
///     number     0    1    2    3    4    5    6 …      two users, three bundles
///     user       A    B    A    B    A    B    A
///     bundle     0    1    1    2    2    0    1
///     slot       0    3    2    5    4    1    2
struct Bundles: Sendable {
    let statistics: [StatisticKey]
    let userCount: Int
    /// Bundles of one user.
    let count: Int
    let size: Int
    let bytes: [UInt8]
    /// Where in `bytes` each of one user's bundles is, or each slot's where every user has bytes of its own.
    let slices: [load_slice]
    /// For each item, bundle after bundle: which statistic it is, for how many samples it stands, and their sum in thousandths.
    let itemStatistics: [Int32]
    let itemSamples: [Int32]
    let itemSums: [Int64]
    /// Samples of each bundle.
    let bundleSamples: [Int64]

    static let bytesMax = 1 << 30

    var slotCount: Int { userCount * count }

    /// How far users, and passes over all bundles, begin from each other.
    private var step: Int { max(1, count * 5 / 13) }

    func bundle(ofNumber number: Int) -> Int {
        let (turn, user) = number.quotientAndRemainder(dividingBy: userCount)
        return (turn + (user + turn / count) * step) % count
    }

    func user(ofNumber number: Int) -> Int { number % userCount }
    func slot(ofNumber number: Int) -> Int { bundle(ofNumber: number) * userCount + user(ofNumber: number) }
    func bundle(ofSlot slot: Int) -> Int { slot / userCount }
    func user(ofSlot slot: Int) -> Int { slot % userCount }

    func statistic(_ item: Int, ofBundle bundle: Int) -> StatisticKey { statistics[Int(itemStatistics[bundle * size + item])] }
}

struct LoadError: Error, CustomStringConvertible {
    var description: String
}

/// Collects the bytes and the books of bundles.
struct BundleWriter {
    let stream: LoadStream
    let statistics: [StatisticKey]
    var numbers: LoadNumbers
    private(set) var bytes: [UInt8] = []
    private(set) var slices: [load_slice] = []
    private var order: [Int32]
    private var next: Int
    private var itemStatistics: [Int32] = []
    private var itemSamples: [Int32] = []
    private var itemSums: [Int64] = []
    private var bundleSamples: [Int64] = []

    var count: Int { stream.bundleCount }

    init(_ stream: LoadStream) {
        self.stream = stream
        statistics = stream.mix.kinds(stream.paths).enumerated().map { index, kind in
            StatisticKey(kind, "load.some.path.\(index)")
        }
        numbers = LoadNumbers(seed: stream.seed, values: stream.values)
        order = (0..<Int32(stream.paths)).map { $0 }
        next = order.count
    }

    /// The numbers of the statistics in the next bundle.
    mutating func nextStatistics() -> [Int] {
        (0..<stream.bundleSize).map { _ in
            if next == order.count {
                if stream.values != .same { numbers.shuffle(&order) }
                next = 0
            }
            next += 1
            return Int(order[next - 1])
        }
    }

    mutating func append(_ content: some Collection<UInt8>) throws(LoadError) {
        guard bytes.count + content.count <= Bundles.bytesMax else {
            throw LoadError(
                description: """
                    what '\(stream.title)' would send does not fit into \(Bundles.bytesMax >> 20) MiB: take less variety, fewer \
                    paths, users or samples in a sketch
                    """)
        }
        slices.append(load_slice(offset: UInt32(bytes.count), length: UInt32(content.count)))
        bytes += content
    }

    /// - Parameter items: of each item its statistic, how many samples it stands for, and their sum in thousandths.
    mutating func note(_ items: [(statistic: Int, samples: Int, sum: Int64)]) {
        for item in items {
            itemStatistics.append(Int32(item.statistic))
            itemSamples.append(Int32(item.samples))
            itemSums.append(item.sum)
        }
        bundleSamples.append(items.reduce(0) { $0 + Int64($1.samples) })
    }

    func finish() -> Bundles {
        Bundles(
            statistics: statistics, userCount: stream.users, count: bundleSamples.count, size: stream.bundleSize, bytes: bytes,
            slices: slices, itemStatistics: itemStatistics, itemSamples: itemSamples, itemSums: itemSums,
            bundleSamples: bundleSamples)
    }
}
