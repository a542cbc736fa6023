/// A line of Graphite's plaintext protocol:
///
///     path value [timestamp]
///     path;tag=value;tag=value value [timestamp]
///
/// (https://graphite.readthedocs.io/en/latest/feeding-carbon.html and …/tags.html; `clients/graphite.md` says what becomes of each
/// form.) Runs of blanks separate the fields, and there may be some at either end. Numbers are ``FieldNumber``s.
///
/// The path is not checked when the line is taken apart: whoever looks it up makes a path of it as of a statsd name.
public struct GraphiteLine {
    /// What stands in front of the tags. Where no user is set for statsd, it begins with an auth key and a dot.
    public let name: DatagramLine.Bytes
    /// The tags, with a semicolon in front of each; empty when there are none.
    public let tags: DatagramLine.Bytes
    /// The value, which is finite.
    public let value: Double
    /// The minute that the sender means; nil when it means now: the timestamp is −1, or there is none.
    public let minute: Minute?

    /// Takes one line apart. `bytes` has no line end.
    /// - Throws: ``DatagramError/badFormat`` for other than two or three fields, ``DatagramError/badPath`` for no name in front of the
    ///   tags, ``DatagramError/badValue``, and ``DatagramError/badTime`` for a timestamp that is no number.
    public init(_ bytes: DatagramLine.Bytes) throws(DatagramError) {
        let bytes = bytes.trimmedLineEnd
        var position = 0
        guard let path = Self.field(of: bytes, &position), let number = Self.field(of: bytes, &position) else { throw .badFormat }
        let time = Self.field(of: bytes, &position)
        guard Self.field(of: bytes, &position) == nil else { throw .badFormat }
        let nameEnd = path.position(of: UInt8(ascii: ";")) ?? path.count
        guard nameEnd > 0 else { throw .badPath }
        (name, tags) = (path.part(0, nameEnd), path.part(nameEnd, path.count))
        guard let value = FieldNumber.value(number) else { throw .badValue }
        self.value = value
        minute = try time.flatMap { (field) throws(DatagramError) in try Self.minute(field) }
    }

    private static func minute(_ field: DatagramLine.Bytes) throws(DatagramError) -> Minute? {
        guard let seconds = FieldNumber.value(field), seconds.magnitude < Double(1 << 40) else { throw .badTime }
        return seconds == -1 ? nil : Minute(Int64((seconds / 60).rounded(.down)))
    }

    private static func field(of bytes: DatagramLine.Bytes, _ position: inout Int) -> DatagramLine.Bytes? {
        while position < bytes.count, bytes[position].isBlank { position += 1 }
        let start = position
        while position < bytes.count, !bytes[position].isBlank { position += 1 }
        return position > start ? bytes.part(start, position) : nil
    }

    /// Calls `body` with the path: the name and behind it the tags, as a statsd line with the same ones has them, all rewritten.
    /// - Parameter prefix: how many bytes of the name are left out.
    package func withPath<Result, Failure: Error>(
        behind prefix: Int, _ body: (TaggedPath.Path) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let name = name.part(prefix, name.count)
        if tags.isEmpty { return try TaggedPath(name, options: nil).with(body) }
        // More than fit into a path end it, see ``TaggedPath``.
        let tags = tags.part(0, min(tags.count, Self.tagBytesMax))
        return try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: tags.count) { (buffer) throws(Failure) in
            var isKey = true
            for (index, byte) in tags.enumerated() {
                var written = byte
                switch byte {
                case UInt8(ascii: ";"):
                    written = index == 0 ? UInt8(ascii: "#") : UInt8(ascii: ",")
                    isKey = true
                case UInt8(ascii: "=") where isKey:
                    written = UInt8(ascii: ":")
                    isKey = false
                // They would end a tag of statsd.
                case UInt8(ascii: ","), UInt8(ascii: "|"): written = UInt8(ascii: "_")
                default: break
                }
                buffer.initializeElement(at: index, to: written)
            }
            return try TaggedPath(name, options: DatagramLine.Bytes(rebasing: buffer[..<tags.count])).with(body)
        }
    }

    private static let tagBytesMax = 4096
}
