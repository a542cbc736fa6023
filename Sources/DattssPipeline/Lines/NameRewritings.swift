package import DattssCore

/// The latest distinct names that were rewritten, so that whoever runs the server can see what senders write.
///
/// Memory is bounded by ``countMax`` and ``nameBytesMax``. Once so many new ones came within a period, no more are looked at until
/// the next: names that are never the same cost nothing then.
package struct NameRewritings: Sendable, Hashable {
    package struct Rewriting: Sendable, Hashable {
        /// As it was sent, cut off when it is long. It may be no UTF-8.
        package let original: [UInt8]
        /// The path that it became.
        package let path: String

        package var originalText: String { String(decoding: original, as: UTF8.self) }
    }

    /// The latest at the end.
    package private(set) var all: [Rewriting] = []
    private var newInPeriod = 0

    package init() {}

    package static let countMax = 20
    package static let nameBytesMax = 255

    /// - Parameter write: puts together the name as it was sent.
    package mutating func note(path: DatagramLine.Bytes, _ write: (inout Original) -> Void) {
        guard newInPeriod < Self.countMax else { return }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.nameBytesMax) { buffer in
            var original = Original(buffer)
            write(&original)
            if all.contains(where: { $0.original.elementsEqual(original.bytes) }) { return }
            if all.count == Self.countMax { all.removeFirst() }
            all.append(Rewriting(original: Array(original.bytes), path: String(decoding: path, as: UTF8.self)))
            newInPeriod += 1
        }
    }

    package mutating func beginPeriod() { newInPeriod = 0 }

    /// Takes in what came another way. It is as many more then.
    package mutating func merge(_ other: NameRewritings) {
        all += other.all.filter { !all.contains($0) }
    }

    /// A name as it was sent, in bytes on the stack; what is too long is cut off.
    package struct Original {
        private let buffer: UnsafeMutableBufferPointer<UInt8>
        private var count = 0

        fileprivate init(_ buffer: UnsafeMutableBufferPointer<UInt8>) { self.buffer = buffer }

        fileprivate var bytes: DatagramLine.Bytes { DatagramLine.Bytes(rebasing: buffer[..<count]) }

        package mutating func append(_ bytes: some Collection<UInt8>) {
            for byte in bytes.prefix(buffer.count - count) {
                buffer.initializeElement(at: count, to: byte)
                count += 1
            }
        }
    }
}
