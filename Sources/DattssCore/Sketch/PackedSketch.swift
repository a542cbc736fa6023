/// A ``Sketch`` that is not changed any more, as bytes: what an aggregate carries and the log's accepted lane holds.
///
/// It is one piece of memory with two bytes for most buckets, where a sketch has four arrays with twelve.
///
///     zero count │ positive store │ negative store
///     store:  n │ index₁ (zigzag) │ indexᵢ − indexᵢ₋₁ − 1 … │ countᵢ − 1 … │ collapsed count, if n = 512
///
/// All are ``Varint``s, and neighbouring buckets are the rule: so most are a single byte. Equal sketches have equal bytes.
///
/// Invariant: the bytes are whole, and their stores keep the invariants of a ``BucketStore``.
public struct PackedSketch: Sendable, Hashable {
    package let bytes: [UInt8]

    init(checked bytes: [UInt8]) { self.bytes = bytes }

    /// Packs a sketch.
    public init(_ sketch: Sketch) {
        self.init(zeroCount: sketch.zeroCount, positive: sketch.positive, negative: sketch.negative)
    }

    init(zeroCount: Int64, positive: some AscendingBuckets, negative: some AscendingBuckets) {
        let (positiveSize, negativeSize) = (PackedStoreSize(positive), PackedStoreSize(negative))
        let capacity = Varint.byteCount(UInt64(zeroCount)) + positiveSize.byteCount + negativeSize.byteCount
        bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            guard var next = buffer.baseAddress else { return }
            Varint.write(UInt64(zeroCount), to: &next)
            positiveSize.write(positive, to: &next)
            negativeSize.write(negative, to: &next)
            count = capacity
        }
    }

    /// Packs buckets that somebody read, in one go and without a sketch in between.
    package init(zeroCount: Int64, positive: ReadBuckets) {
        if let bytes = positive.packedNarrow(zeroCount: zeroCount) {
            self.init(checked: bytes)
        } else {
            self.init(zeroCount: zeroCount, positive: positive, negative: NoBuckets())
        }
    }

    /// The sketch of equal samples.
    init(of value: Double, count: Int64) {
        if value == 0 {
            self.init(zeroCount: count, positive: NoBuckets(), negative: NoBuckets())
        } else {
            let bucket = OneBucket(index: SketchIndex.of(magnitude: value.magnitude), count: count)
            if value > 0 {
                self.init(zeroCount: 0, positive: bucket, negative: NoBuckets())
            } else {
                self.init(zeroCount: 0, positive: NoBuckets(), negative: bucket)
            }
        }
    }

    /// The sketch of a few samples: at most as many as a store has buckets.
    init(ofAscending samples: [Double]) {
        self = samples.withUnsafeBufferPointer { PackedSketch(ofAscending: $0) }
    }

    /// The same of samples that lie elsewhere.
    init(ofAscending samples: UnsafeBufferPointer<Double>) {
        let negativeCount = samples.prefix { $0 < 0 }.count
        let positiveStart = samples[negativeCount...].firstIndex { $0 > 0 } ?? samples.count
        let positive = AscendingMagnitudes(magnitudes: samples[positiveStart...])
        if negativeCount == 0 {
            self.init(zeroCount: Int64(positiveStart), positive: positive, negative: NoBuckets())
        } else {
            self.init(
                zeroCount: Int64(positiveStart - negativeCount), positive: positive,
                negative: AscendingMagnitudes(magnitudes: samples[..<negativeCount].lazy.reversed().map { -$0 }))
        }
    }

    // MARK: Reading

    /// What the bytes hold; the stores are good for the duration of the call.
    @inline(__always)
    package func withStores<Result>(
        _ body: (_ zeroCount: Int64, _ positive: PackedStore, _ negative: PackedStore) -> Result
    ) -> Result {
        bytes.withUnsafeBufferPointer { bytes in
            // Never empty: there are three counts at least.
            guard var next = bytes.baseAddress else { preconditionFailure("a packed sketch of no bytes") }
            let zeroCount = Int64(Varint.read(&next))
            let positive = PackedStore(&next)
            return body(zeroCount, positive, PackedStore(&next))
        }
    }

    /// How many samples it holds.
    public var count: Int64 {
        withStores { $0.saturatingAdd($1.sampleCount).saturatingAdd($2.sampleCount) }
    }

    /// How many buckets have samples.
    package var bucketCount: Int { withStores { $1.count + $2.count } }

    /// See ``Sketch/quantile(_:count:)``.
    public func quantile(_ quantile: Double, count: Int64? = nil) -> Double {
        let rank = nearestRank(quantile, of: count ?? self.count)
        return withStores { zeroCount, positive, negative in
            // Negative buckets count from their end: for the rare sketch that has some.
            if negative.count > 0 { return Sketch(self).quantile(quantile, count: count) }
            return rank <= zeroCount ? 0 : positive.value(atRank: rank - zeroCount)
        }
    }
}

extension Sketch {
    /// Unpacks a sketch.
    public init(_ packed: PackedSketch) {
        self = packed.withStores { zeroCount, positive, negative in
            Sketch(zeroCount: zeroCount, positive: BucketStore(positive), negative: BucketStore(negative))
        }
    }
}
