/// The path of a statsd line: its name, and behind it its tags as components in sorted order, each once: `env:prod, az:b` →
/// `.az:b.env:prod`. All of them are rewritten as ``Name/rewritten(_:)`` does.
///
/// It is put together on the stack, because a busy sender tags each of its lines. The work is linear in the line, however many
/// tags it has: a tag that does not fit into a path ends it.
package struct TaggedPath {
    private let name: DatagramLine.Bytes
    private let options: DatagramLine.Bytes?

    package struct Path {
        /// A valid path, or none when no path can be made.
        package let bytes: DatagramLine.Bytes
        /// Whether the name, or a tag, was something else than its path.
        package let isRewritten: Bool
    }

    /// - Parameter options: the fields behind a line's type, of which those that begin with `#` are tags.
    init(_ name: DatagramLine.Bytes, options: DatagramLine.Bytes?) {
        self.name = name
        self.options = options
    }

    package func with<Result, Failure: Error>(
        _ body: (Path) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Name.pathBytesMax + Tags.bytesMax) {
            (buffer) throws(Failure) in
            let path = UnsafeMutableBufferPointer(rebasing: buffer[..<Name.pathBytesMax])
            var length = Name.rewrite(name, into: path) ?? 0
            var isRewritten = !name.elementsEqual(path[..<length])
            if length > 0, let options {
                withUnsafeTemporaryAllocation(of: Tags.Place.self, capacity: Tags.countMax) { places in
                    var tags = Tags(UnsafeMutableBufferPointer(rebasing: buffer[Name.pathBytesMax...]), places)
                    tags.insert(fields: options)
                    length = tags.append(to: path, from: length)
                    isRewritten = isRewritten || tags.areRewritten
                }
            }
            return try body(Path(bytes: DatagramLine.Bytes(rebasing: path[..<length]), isRewritten: isRewritten))
        }
    }

    /// The distinct tags of a line, rewritten.
    ///
    ///     bytes    env:prod│az:b│…        in the order in which they came
    ///     places   [9, 4] [0, 8]          in the order of the tags
    private struct Tags {
        /// All that fit into a path, and one more.
        static let bytesMax = 2 * Name.pathBytesMax
        /// Each takes a dot and a byte at least.
        static let countMax = Name.pathBytesMax / 2

        struct Place {
            var start: UInt16
            var count: UInt16
        }

        private let bytes: UnsafeMutableBufferPointer<UInt8>
        private let places: UnsafeMutableBufferPointer<Place>
        private var byteCount = 0
        private var count = 0
        private var fits = true
        private(set) var areRewritten = false

        init(_ bytes: UnsafeMutableBufferPointer<UInt8>, _ places: UnsafeMutableBufferPointer<Place>) {
            (self.bytes, self.places) = (bytes, places)
        }

        mutating func insert(fields: DatagramLine.Bytes) {
            fields.forEachPart(separatedBy: UInt8(ascii: "|")) { field in
                guard field.first == UInt8(ascii: "#") else { return }
                field.part(1, field.count).forEachPart(separatedBy: UInt8(ascii: ",")) { if fits { insert($0) } }
            }
        }

        private mutating func insert(_ tag: DatagramLine.Bytes) {
            let room = UnsafeMutableBufferPointer(rebasing: bytes[byteCount...])
            guard let length = Name.rewrite(tag, into: room) else {
                fits = false
                return
            }
            let rewritten = DatagramLine.Bytes(rebasing: room[..<length])
            areRewritten = areRewritten || !rewritten.elementsEqual(tag)
            guard length > 0, let place = newPlace(of: rewritten) else { return }
            fits = count < places.count && byteCount + length + count < Name.pathBytesMax
            guard fits else { return }
            for index in stride(from: count, to: place, by: -1) { places[index] = places[index - 1] }
            places[place] = Place(start: UInt16(byteCount), count: UInt16(length))
            byteCount += length
            count += 1
        }

        /// Where a tag belongs; nil when it is there.
        private func newPlace(of tag: DatagramLine.Bytes) -> Int? {
            var (low, high) = (0, count)
            while low < high {
                let middle = (low + high) / 2
                if self[middle].lexicographicallyPrecedes(tag) { low = middle + 1 } else { high = middle }
            }
            return low < count && self[low].elementsEqual(tag) ? nil : low
        }

        private subscript(index: Int) -> DatagramLine.Bytes {
            let (start, count) = (Int(places[index].start), Int(places[index].count))
            return DatagramLine.Bytes(rebasing: bytes[start..<start + count])
        }

        /// - Returns: how long the path is then; 0 when the tags do not fit.
        func append(to path: UnsafeMutableBufferPointer<UInt8>, from end: Int) -> Int {
            guard fits, end + byteCount + count <= path.count else { return 0 }
            var length = end
            for index in 0..<count {
                path.initializeElement(at: length, to: UInt8(ascii: "."))
                for byte in self[index] {
                    length += 1
                    path.initializeElement(at: length, to: byte)
                }
                length += 1
            }
            return length
        }
    }
}
