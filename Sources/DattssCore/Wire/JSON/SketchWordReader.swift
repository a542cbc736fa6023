/// Reads a sketch as clients mostly write it straight into the bytes of a ``PackedSketch``:
///
///     {"p":[index,count,index,count,…]}        short integers, no space
///
/// Nothing here throws: everything else, and all that is close to the end of the body, is left to the ``SketchDecoder``, at
/// the place where the sketch begins.
struct SketchWordReader {
    private var gaps = InlineArray<384, UInt8>(repeating: 0)
    private var counts = InlineArray<512, UInt8>(repeating: 0)
    private var gapBytes = 0
    private var countBytes = 0
    private var bucketCount = 0
    private var previous = Int64(SketchIndex.range.lowerBound) - 1
    private var lowest = Int64(0)

    /// So many have room: an index takes three bytes at most, a count of seven digits four.
    private static let bucketsMax = 128
    /// How many bytes a bucket may take, which is how far is read ahead: two signs, two words, and the end.
    private static let aheadBytes = 2 * (1 + 8) + 2

    /// - Parameters:
    ///   - cursor: at the value of `skt`.
    ///   - bounds: becomes the indices of the lowest and the highest bucket.
    /// - Returns: nil, and nothing consumed, for what is not as usual.
    @inline(__always)
    static func take(_ cursor: inout JSONCursor, _ bounds: inout (lowest: Int32, highest: Int32)?) -> PackedSketch? {
        var words = SketchWordReader()
        guard let end = words.read(cursor.base, from: cursor.position, cursor.readAheadCount) else { return nil }
        cursor.position = end
        bounds = (Int32(truncatingIfNeeded: words.lowest), Int32(truncatingIfNeeded: words.previous))
        return words.packed
    }

    /// - Returns: where the sketch ends.
    private mutating func read(_ base: UnsafePointer<UInt8>, from start: Int, _ count: Int) -> Int? {
        let open: StaticString = "{\"p\":["
        let openLength = open.utf8CodeUnitCount
        guard count - start >= 8, JSONWord.load(base + start) & JSONWord.lowBytes(openLength) == JSONWord.of(open)
        else { return nil }
        var position = start + openLength
        repeat {
            guard count - position >= Self.aheadBytes, bucketCount < Self.bucketsMax,
                let bucket = Self.usualBucket(base + position) ?? Self.bucket(base + position),
                bucket.index > previous, bucket.index <= SketchIndex.range.upperBound
            else { return nil }
            position += bucket.length
            append(bucket.index, bucket.samples)
        } while base[position - 1] == UInt8(ascii: ",")
        return base[position] == UInt8(ascii: "}") ? position + 1 : nil
    }

    /// A bucket and the byte behind it.
    private typealias Bucket = (index: Int64, samples: Int64, length: Int)

    /// One that is in a single word: of an index of up to five digits, and less than ten samples.
    @inline(__always)
    private static func usualBucket(_ start: UnsafePointer<UInt8>) -> Bucket? {
        let word = JSONWord.load(start)
        let length = JSONWord.digitLength(word)
        let isPlain = length == 1 || UInt8(truncatingIfNeeded: word) != UInt8(ascii: "0")
        guard 1...5 ~= length, isPlain else { return nil }
        let behind = word &>> UInt64(8 &* length)
        let samples = UInt8(truncatingIfNeeded: behind &>> 8) &- UInt8(ascii: "0")
        let end = UInt8(truncatingIfNeeded: behind &>> 16)
        guard UInt8(truncatingIfNeeded: behind) == UInt8(ascii: ","), 1...9 ~= samples,
            end == UInt8(ascii: ",") || end == UInt8(ascii: "]")
        else { return nil }
        return (Int64(bitPattern: JSONWord.number(word, length)), Int64(samples), length &+ 3)
    }

    @inline(never)
    private static func bucket(_ start: UnsafePointer<UInt8>) -> Bucket? {
        guard let index = JSONNumber.shortElement(start), start[index.length] == UInt8(ascii: ","),
            let samples = JSONNumber.shortElement(start + index.length + 1), samples.integer >= 1
        else { return nil }
        return (index.integer, samples.integer, index.length &+ samples.length &+ 2)
    }

    @inline(__always)
    private mutating func append(_ index: Int64, _ samples: Int64) {
        if bucketCount == 0 { lowest = index }
        let gap = bucketCount == 0 ? Zigzag.encode(index) : UInt64(index &- previous &- 1)
        gapBytes = Self.write(gap, to: &gaps, at: gapBytes)
        countBytes = Self.write(UInt64(samples &- 1), to: &counts, at: countBytes)
        previous = index
        bucketCount &+= 1
    }

    /// - Returns: the place behind it.
    @inline(__always)
    private static func write<let size: Int>(
        _ value: UInt64, to bytes: inout InlineArray<size, UInt8>, at start: Int
    ) -> Int {
        var (rest, position) = (value, start)
        while rest >= 0x80 {
            bytes[position] = UInt8(truncatingIfNeeded: rest) | 0x80
            position &+= 1
            rest &>>= 7
        }
        bytes[position] = UInt8(truncatingIfNeeded: rest)
        return position &+ 1
    }

    private var packed: PackedSketch {
        let capacity = 1 + Varint.byteCount(UInt64(bucketCount)) + gapBytes + countBytes + 1
        return PackedSketch(
            checked: [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
                guard var next = buffer.baseAddress else { return }
                Varint.write(0, to: &next)
                Varint.write(UInt64(bucketCount), to: &next)
                gaps.span.withUnsafeBufferPointer { next.update(from: $0.baseAddress ?? UnsafePointer(next), count: gapBytes) }
                next += gapBytes
                counts.span.withUnsafeBufferPointer { next.update(from: $0.baseAddress ?? UnsafePointer(next), count: countBytes) }
                next += countBytes
                Varint.write(0, to: &next)
                count = capacity
            })
    }
}
