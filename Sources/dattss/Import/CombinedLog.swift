import DattssCore

/// Access logs of Apache and nginx in the combined or common format, as counters:
///
///     83.149.9.216 - - [17/May/2015:10:05:03 +0000] "GET /blog/a.png?x=1 HTTP/1.1" 200 203023 "referer" "agent"
///
///     requests.total  1c     requests.status.2xx  1c     bytes.sent  203023c     requests.path.blog  1c
///
/// Of a path only the first component counts, or a site of many pages would have as many statistics: `/` is `root`, and
/// a request line without a path is `none`.
struct CombinedLog: LineFormat {
    func read(
        _ line: UnsafeBufferPointer<UInt8>, number: Int, into samples: inout [ImportSample]
    ) throws(LineProblem) {
        guard let open = line.firstIndex(of: UInt8(ascii: "[")),
            let close = line[open...].firstIndex(of: UInt8(ascii: "]")),
            let quote = line[close...].firstIndex(of: UInt8(ascii: "\"")),
            let end = Self.endOfQuoted(line[(quote + 1)...])
        else { throw .notCombined }
        guard let at = TimeText.read(line[(open + 1)..<close]) else { throw .badTime }
        let words = line[(end + 1)...].split(separator: UInt8(ascii: " "), maxSplits: 2)
        guard words.count >= 2, words[0].count == 3, let status = Self.integer(words[0]), 100...599 ~= status,
            let bytes = words[1].elementsEqual("-".utf8) ? 0 : Self.integer(words[1])
        else { throw .notCombined }
        func count(_ path: String, _ value: Double = 1) {
            samples.append(ImportSample(at: at, key: StatisticKey(.counter, path), value: value))
        }
        count("requests.total")
        count("requests.status.\(status / 100)xx")
        count("bytes.sent", Double(bytes))
        count("requests.path." + Self.topLevel(ofRequest: line[(quote + 1)..<end]))
    }

    /// The position of the quote that ends a quoted field; servers escape those inside with a backslash.
    private static func endOfQuoted(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
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
