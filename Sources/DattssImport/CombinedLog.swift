import DattssCore

/// Access logs of Apache and nginx in the combined or common format, with a virtual host in front or not, as counters:
///
///     83.149.9.216 - - [17/May/2015:10:05:03 +0000] "GET /blog/a.png?x=1 HTTP/1.1" 200 203023 "referer" "agent"
///
///     requests.total  1c     requests.status.2xx  1c     bytes.sent  203023c     requests.path.blog  1c
///
/// What counts is the first quoted text with a time before it and with a status and a size behind it: host, user and whatever else stands
/// in front may have brackets and quotes of their own. The time is the last field before it that looks like one. A request
/// without a status, which servers write as `000` or `-`, is one of `0xx`.
///
/// Only the first component of a path counts, or a site of many pages would have as many statistics: `/` is `root`, and
/// a request line without a path is `none`.
public struct CombinedLog: LineFormat {
    private typealias Bytes = Slice<UnsafeBufferPointer<UInt8>>

    /// A reader of one file.
    public init() {}

    /// Counts one request under `requests.`: in all, by class of its status, its bytes, and by the first component of its path.
    public func read(
        _ line: UnsafeBufferPointer<UInt8>, number: Int, into samples: inout [ImportSample]
    ) throws(LineProblem) {
        let entry = try Self.entry(line)
        guard let at = TimeText.read(entry.time) else { throw .badTime }
        func count(_ path: String, _ value: Double = 1) {
            samples.append(ImportSample(at: at, key: StatisticKey(.counter, path), value: value))
        }
        count("requests.total")
        count("requests.status.\(entry.statusClass)xx")
        count("bytes.sent", Double(entry.sizeBytes))
        count("requests.path." + Self.topLevel(ofRequest: entry.request))
    }

    /// What counts of a line.
    private struct Entry {
        var time: Bytes
        var request: Bytes
        /// The first digit of the status.
        var statusClass: Int64
        var sizeBytes: Int64
    }

    private static func entry(_ line: UnsafeBufferPointer<UInt8>) throws(LineProblem) -> Entry {
        var time: Bytes?
        var hasBracket = false
        var position = line.startIndex
        while position < line.endIndex {
            switch line[position] {
            case UInt8(ascii: "\\"):
                // Servers escape quotes in what clients send.
                position += 1
            case UInt8(ascii: "["):
                hasBracket = true
                time = timeField(line[(position + 1)...]) ?? time
            case UInt8(ascii: "\""):
                if let time, let entry = entry(line[(position + 1)...], at: time) { return entry }
            default: break
            }
            position += 1
        }
        throw time == nil && hasBracket ? .badTime : .notCombined
    }

    /// What stands between brackets, when it looks like `17/May/2015:10:05:03 +0000`.
    private static func timeField(_ rest: Bytes) -> Bytes? {
        let shape = Array("00/aaa/0000:".utf8)
        guard rest.count > shape.count, zip(rest, shape).allSatisfy({ isLike($0, $1) }),
            let end = rest.prefix(timeBytesMax).firstIndex(of: UInt8(ascii: "]"))
        else { return nil }
        return rest[..<end]
    }

    private static let timeBytesMax = 40

    private static func isLike(_ byte: UInt8, _ shape: UInt8) -> Bool {
        switch shape {
        case UInt8(ascii: "0"): UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
        case UInt8(ascii: "a"): UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
        default: byte == shape
        }
    }

    /// - Parameter rest: what follows the request's opening quote.
    /// - Returns: nil when that quote opens something else.
    private static func entry(_ rest: Bytes, at time: Bytes) -> Entry? {
        guard let end = endOfQuoted(rest) else { return nil }
        // No more than status and size have place in, so that a line of nothing but quotes takes no time.
        let words = rest[(end + 1)...].prefix(64).split(separator: UInt8(ascii: " "), maxSplits: 2)
        guard words.count >= 2, let statusClass = statusClass(words[0]),
            let size = words[1].elementsEqual("-".utf8) ? 0 : integer(words[1])
        else { return nil }
        return Entry(time: time, request: rest[..<end], statusClass: statusClass, sizeBytes: size)
    }

    private static func statusClass(_ word: Bytes) -> Int64? {
        if word.elementsEqual("-".utf8) { return 0 }
        return word.count == 3 ? integer(word).map { $0 / 100 } : nil
    }

    /// The position of the quote that ends a quoted field; servers escape those inside with a backslash.
    private static func endOfQuoted(_ bytes: Bytes) -> Int? {
        var isEscaped = false
        return bytes.firstIndex { byte in
            if isEscaped {
                isEscaped = false
                return false
            }
            isEscaped = byte == UInt8(ascii: "\\")
            return byte == UInt8(ascii: "\"")
        }
    }

    private static func integer(_ bytes: some Collection<UInt8>) -> Int64? {
        guard bytes.count <= 18, !bytes.isEmpty else { return nil }
        var value: Int64 = 0
        for byte in bytes {
            guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        return value
    }

    static let componentBytesMax = Name.pathBytesMax - "requests.path.".utf8.count

    static func topLevel(ofRequest request: some Collection<UInt8>) -> String {
        let words = request.split(separator: UInt8(ascii: " "), maxSplits: 2)
        guard words.count >= 2, words[1].first == UInt8(ascii: "/") else { return "none" }
        let path = words[1].prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        guard let first = path.split(separator: UInt8(ascii: "/"), maxSplits: 1).first else { return "root" }
        return String(
            decoding: first.prefix(componentBytesMax).map {
                Name.isNameByte($0) && $0 != UInt8(ascii: ".") ? $0 : UInt8(ascii: "_")
            }, as: UTF8.self)
    }
}
