/// A statsd name with its tags behind it, as components in sorted order: `env:prod,az:b` → `.az:b.env:prod`; a byte that no
/// path has becomes `_`.
///
/// It is put together on the stack, because a busy sender tags each of its lines. What is longer than a path may be is cut
/// off one byte behind that: it is not valid then.
struct TaggedPath {
    private let name: DatagramLine.Bytes
    private let options: DatagramLine.Bytes?

    /// More tags do not fit into a path: each takes a dot and a byte at least.
    private static let tagsMax = Name.pathBytesMax / 2 + 1

    /// - Parameter options: the fields behind a line's type, of which those that begin with `#` are tags.
    init(_ name: DatagramLine.Bytes, options: DatagramLine.Bytes?) {
        self.name = name
        self.options = options
    }

    func with<Result, Failure: Error>(
        _ body: (DatagramLine.Bytes) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard let options else { return try body(name) }
        return try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Name.pathBytesMax + 1) {
            (buffer) throws(Failure) in
            var path = Path(buffer)
            path.append(name, isName: true)
            withUnsafeTemporaryAllocation(of: DatagramLine.Bytes.self, capacity: Self.tagsMax) { tags in
                var start = 0
                while start < options.count {
                    let end = options.position(of: UInt8(ascii: "|"), from: start) ?? options.count
                    if start < end, options[start] == UInt8(ascii: "#") {
                        path.append(sorting: options.part(start + 1, end), with: tags)
                    }
                    start = end + 1
                }
            }
            return try body(DatagramLine.Bytes(rebasing: buffer[..<path.count]))
        }
    }

    private struct Path {
        private let buffer: UnsafeMutableBufferPointer<UInt8>
        private(set) var count = 0

        init(_ buffer: UnsafeMutableBufferPointer<UInt8>) { self.buffer = buffer }

        mutating func append(_ bytes: DatagramLine.Bytes, isName: Bool) {
            for byte in bytes where count < buffer.count {
                buffer.initializeElement(at: count, to: isName ? byte : TaggedPath.nameByte(byte))
                count += 1
            }
        }

        mutating func append(sorting field: DatagramLine.Bytes, with tags: UnsafeMutableBufferPointer<DatagramLine.Bytes>) {
            var tagCount = 0
            var start = 0
            while start < field.count {
                let end = field.position(of: UInt8(ascii: ","), from: start) ?? field.count
                if end > start, tagCount < tags.count {
                    let tag = field.part(start, end)
                    var place = tagCount
                    while place > 0, TaggedPath.isOrdered(tag, before: tags[place - 1]) {
                        tags.initializeElement(at: place, to: tags[place - 1])
                        place -= 1
                    }
                    tags.initializeElement(at: place, to: tag)
                    tagCount += 1
                }
                start = end + 1
            }
            for tag in tags[..<tagCount] {
                if count < buffer.count {
                    buffer.initializeElement(at: count, to: UInt8(ascii: "."))
                    count += 1
                }
                append(tag, isName: false)
            }
        }
    }

    private static func nameByte(_ byte: UInt8) -> UInt8 { Name.isNameByte(byte) ? byte : UInt8(ascii: "_") }

    private static func isOrdered(_ tag: DatagramLine.Bytes, before other: DatagramLine.Bytes) -> Bool {
        tag.lazy.map(nameByte).lexicographicallyPrecedes(other.lazy.map(nameByte))
    }
}
