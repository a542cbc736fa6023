import LibC

/// The head that came last on a connection. Most senders repeat it but for the length of the body: then it needs a comparison
/// and no parser.
///
///     PUT /agg HTTP/1.1 … Content-Length: │ 1234 │ …
///     before                              │digits│ behind
///
/// Other digits in the place of those that ``PlainHead`` found are all that may differ, so what it would find is known.
struct KnownHead {
    private var bytes: [UInt8] = []
    private var digits = 0..<0

    /// A head like the one before.
    struct Repetition: Equatable {
        var byteCount: Int
        var contentLength: Int
    }

    /// - Parameter bytes: begins with the head.
    mutating func remember(_ head: PlainHead, in bytes: UnsafeRawBufferPointer) {
        forget()
        self.bytes.append(contentsOf: bytes[..<head.byteCount])
        digits = head.lengthDigits
    }

    /// Keeps the memory for the next one.
    mutating func forget() { bytes.removeAll(keepingCapacity: true) }

    /// - Returns: nil for anything else, which may as well be a head.
    func repetition(in other: UnsafeRawBufferPointer) -> Repetition? {
        guard !bytes.isEmpty else { return nil }
        return bytes.withUnsafeBytes { bytes in
            guard other.count >= digits.lowerBound, Self.areEqual(bytes, other, digits.lowerBound) else { return nil }
            var length = 0
            var position = digits.lowerBound
            let end = min(other.count, position + PlainHead.lengthDigitsMax)
            while position < end, case let digit = other[position] &- UInt8(ascii: "0"), digit <= 9 {
                length = length &* 10 &+ Int(digit)
                position += 1
            }
            let behind = UnsafeRawBufferPointer(rebasing: bytes[digits.upperBound...])
            guard position > digits.lowerBound, other.count - position >= behind.count,
                position + behind.count <= PlainHead.bytesMax,
                Self.areEqual(behind, UnsafeRawBufferPointer(rebasing: other[position...]), behind.count)
            else { return nil }
            return Repetition(byteCount: position + behind.count, contentLength: length)
        }
    }

    private static func areEqual(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer, _ count: Int) -> Bool {
        guard let a = a.baseAddress, let b = b.baseAddress else { return count == 0 }
        return memcmp(a, b, count) == 0
    }
}
