internal import DattssCore

/// Paths in their order, each as the length of the prefix it shares with the one before, the length of the rest, and
/// the rest. Sorted paths share much.
///
///     routes.get_user     0 15 routes.get_user
///     routes.get_users   15  1 s
///     routes.put         7  3 put
struct PathColumnEncoder {
    private(set) var writer = ByteWriter()
    private var previous: [UInt8] = []

    mutating func append(_ path: String) {
        let bytes = Array(path.utf8)
        var shared = 0
        while shared < bytes.count, shared < previous.count, bytes[shared] == previous[shared] { shared += 1 }
        writer.appendVarint(shared)
        writer.appendVarint(bytes.count - shared)
        writer.append(contentsOf: bytes[shared...])
        previous = bytes
    }
}

struct PathColumnDecoder {
    private var reader: ByteReader
    private var current: [UInt8] = []

    init(_ reader: ByteReader) { self.reader = reader }

    mutating func next() throws(LogError) -> String {
        let (shared, rest) = try reader.pathLengths(previous: current.count)
        let bytes = try reader.slice(rest, "path").rest
        guard bytes.allSatisfy(Name.isNameByte) else { throw reader.malformed("path", "a name", "other bytes") }
        current.removeSubrange(shared...)
        current.append(contentsOf: bytes)
        return String(decoding: current, as: UTF8.self)
    }

    func expectEnd() throws(LogError) { try reader.expectEnd("paths") }
}

/// Finds the rows of one path without building any other.
///
/// All it remembers of the path before is how long it is and how many of its first bytes are those of the wanted one.
struct PathColumnSearch {
    private var reader: ByteReader
    private let wanted: [UInt8]
    private var previousLength = 0
    private var matched = 0

    init(_ reader: ByteReader, wanted: [UInt8]) {
        self.reader = reader
        self.wanted = wanted
    }

    /// Whether the next path is the wanted one.
    mutating func nextIsWanted() throws(LogError) -> Bool {
        let (shared, rest) = try reader.pathLengths(previous: previousLength)
        // With a longer shared prefix, the byte that did not match is still there.
        if shared <= matched {
            matched = shared
            var distance = 0
            while distance < rest, matched < wanted.count, reader.peek(distance) == wanted[matched] {
                matched += 1
                distance += 1
            }
        }
        try reader.skip(rest, "path")
        previousLength = shared + rest
        return matched == wanted.count && previousLength == wanted.count
    }
}

extension ByteReader {
    /// The two lengths before the bytes of a path; the bytes are there.
    @inline(__always)
    fileprivate mutating func pathLengths(previous: Int) throws(LogError) -> (shared: Int, rest: Int) {
        let shared = try varint("shared length of a path")
        let rest = try varint("length of a path")
        guard shared <= UInt64(previous), rest <= UInt64(remaining) else {
            throw malformed("lengths of a path", "at most \(previous) and \(remaining)", "\(shared) and \(rest)")
        }
        guard shared + rest >= 1, shared + rest <= UInt64(Name.pathBytesMax) else {
            throw malformed("path", "1 to \(Name.pathBytesMax) bytes", "\(shared + rest)")
        }
        return (Int(shared), Int(rest))
    }
}
