/// What a reader knows of a number before it reads it: only the distance to that is stored.
///
///     prediction (3 bits) │ previous, means: first integer (signed, parameter 8) │ coding of the distances
enum Prediction: Equatable {
    /// 0.
    case none
    /// The integer of the row before.
    case previous
    /// The mean of the rows before, each counted (1 − 2^−shift) times as much as the one after it.
    case mean(shift: Int)
    /// What follows from other columns, as ``ChunkNumbers`` has it.
    case reference

    private static let meanShifts = [2, 3, 4, 6, 8]

    var code: UInt64 {
        switch self {
        case .none: 0
        case .previous: 1
        case .reference: 2
        case .mean(let shift): 3 + UInt64(Self.meanShifts.firstIndex(of: shift) ?? 0)
        }
    }

    init(code: UInt64) {
        switch code {
        case 0: self = .none
        case 1: self = .previous
        case 2: self = .reference
        default: self = .mean(shift: Self.meanShifts[Int(code - 3) % Self.meanShifts.count])
        }
    }

    /// Whether the first integer is stored, so that it is no outlier among the distances.
    var needsFirst: Bool {
        switch self {
        case .none, .reference: false
        case .previous, .mean: true
        }
    }

    /// The distances of integers to what is predicted.
    func distances(of integers: [Int64], reference: [Int64], into distances: UnsafeMutableBufferPointer<Int64>) {
        guard let first = integers.first else { return }
        integers.withUnsafeBufferPointer { integers in
            switch self {
            case .none: for row in integers.indices { distances[row] = integers[row] }
            case .reference:
                reference.withUnsafeBufferPointer { reference in
                    for row in integers.indices { distances[row] = integers[row] &- reference[row] }
                }
            case .previous:
                var previous = first
                for row in integers.indices {
                    distances[row] = integers[row] &- previous
                    previous = integers[row]
                }
            case .mean(let shift):
                var mean = RunningMean(first, shift: shift)
                for row in integers.indices { distances[row] = mean.replace(with: integers[row]) }
            }
        }
    }

    /// Makes distances integers again.
    func restore(_ integers: UnsafeMutableBufferPointer<Int64>, first: Int64, reference: [Int64]) {
        switch self {
        case .none: break
        case .reference:
            reference.withUnsafeBufferPointer { reference in
                for row in integers.indices { integers[row] &+= reference[row] }
            }
        case .previous:
            var previous = first
            for row in integers.indices {
                previous &+= integers[row]
                integers[row] = previous
            }
        case .mean(let shift):
            var mean = RunningMean(first, shift: shift)
            for row in integers.indices { integers[row] = mean.add(distance: integers[row]) }
        }
    }
}

/// A mean that forgets, with four bits after the point. It wraps where it overflows: then it predicts badly, but alike
/// for writer and reader.
private struct RunningMean {
    private var sixteenfold: Int64
    private let shift: Int64
    private var rows: Int64 = 1

    init(_ first: Int64, shift: Int) {
        sixteenfold = first &<< 4
        self.shift = Int64(shift)
    }

    private var rounded: Int64 { (sixteenfold &+ 8) &>> 4 }

    /// - Returns: the distance of the integer to the mean before.
    @inline(__always)
    mutating func replace(with integer: Int64) -> Int64 {
        let distance = integer &- rounded
        update(integer)
        return distance
    }

    @inline(__always)
    mutating func add(distance: Int64) -> Int64 {
        let integer = rounded &+ distance
        update(integer)
        return integer
    }

    /// The first rows weigh more, as if it were the plain mean.
    @inline(__always)
    private mutating func update(_ integer: Int64) {
        let width = Int64(truncatingIfNeeded: 63 &- rows.leadingZeroBitCount)
        sixteenfold &+= (integer &<< 4 &- sixteenfold) &>> Swift.min(width, shift)
        rows &+= 1
    }
}
