/// The bytes of a file, and the changes of them that no sync has made durable.
///
///     durable   ██████████████████████
///     bytes     ██████████████████████▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒
///                                     └─ pending ────┘   power loss decides what of it is on the medium
struct SimulatedContents {
    private(set) var bytes: [UInt8] = []
    private var durable: [UInt8] = []
    private var pending: [Change] = []

    /// A sector is written whole or not at all, and what was durable in it stays.
    static let sectorBytes = 512

    private enum Change {
        case append([UInt8])
        case truncate(Int)
    }

    init() {}

    /// A file that is durable as it is.
    init(durable bytes: [UInt8]) {
        self.bytes = bytes
        durable = bytes
    }

    mutating func append(_ more: [UInt8]) {
        bytes += more
        pending.append(.append(more))
    }

    mutating func truncate(to size: Int) {
        Self.truncate(&bytes, to: size)
        pending.append(.truncate(size))
    }

    mutating func sync() {
        durable = bytes
        pending = []
    }

    mutating func crash(_ loss: inout PowerLoss) {
        if loss.isScrambling, loss.oneIn(2) {
            scramble(&loss)
        } else {
            tear(&loss)
        }
        bytes = durable
        pending = []
    }

    /// The first changes happened, in order, and of a write after them its first bytes.
    private mutating func tear(_ loss: inout PowerLoss) {
        let kept = loss.upTo(pending.count)
        for (position, change) in pending.prefix(kept + 1).enumerated() {
            switch change {
            case .append(let more):
                durable += position < kept ? more : Array(more.prefix(loss.upTo(more.count)))
            case .truncate(let size) where position < kept: Self.truncate(&durable, to: size)
            case .truncate: break
            }
        }
    }

    /// The length is that after the first changes, but of the sectors only some were written; the others are zeros, or
    /// whatever lay on the medium before.
    private mutating func scramble(_ loss: inout PowerLoss) {
        var safe = durable.count
        for change in pending.prefix(loss.upTo(pending.count)) {
            switch change {
            case .append(let more): durable += more
            case .truncate(let size):
                Self.truncate(&durable, to: size)
                safe = min(safe, size)
            }
        }
        var start = safe
        while start < durable.count {
            let end = min(durable.count, (start / Self.sectorBytes + 1) * Self.sectorBytes)
            switch loss.upTo(3) {
            case 0: durable.replaceSubrange(start..<end, with: repeatElement(0, count: end - start))
            case 1: for index in start..<end { durable[index] = loss.byte() }
            default: break
            }
            start = end
        }
    }

    private static func truncate(_ bytes: inout [UInt8], to size: Int) {
        if size < bytes.count {
            bytes.removeSubrange(size...)
        } else {
            bytes += repeatElement(0, count: size - bytes.count)
        }
    }
}
