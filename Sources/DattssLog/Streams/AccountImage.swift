internal import DattssCore

/// The database of the accounts as bytes, and what has changed between two of them.
package struct AccountImage: Sendable, Hashable {
    /// As in the file.
    package private(set) var bytes: [UInt8]
    package let pageBytes: Int

    /// What parts of a change hold at most, so that a message is far below what the engine takes.
    private static let partBytesTarget = 2 << 20
    private static let magic = Array("SQLite format 3\0".utf8)

    /// - Parameter bytes: a whole database of SQLite (https://www.sqlite.org/fileformat.html).
    package init(_ bytes: [UInt8]) throws(LogError) {
        guard bytes.count >= 100, bytes.starts(with: Self.magic) else {
            throw LogError(.malformed, expected: "a database of SQLite", found: "\(bytes.count) other bytes")
        }
        let size = Int(bytes[16]) << 8 | Int(bytes[17])
        pageBytes = size == 1 ? 65_536 : size
        guard pageBytes >= 512, bytes.count % pageBytes == 0, bytes.count <= AccountChange.imageBytesMax else {
            throw LogError(
                .overLimit, expected: "whole pages, at most \(AccountChange.imageBytesMax) bytes of accounts",
                found: "\(bytes.count) bytes in pages of \(pageBytes)")
        }
        self.bytes = bytes
    }

    /// Grows with each transaction that was committed when these bytes were taken.
    package var changeCounter: UInt32 { Self.changeCounter(ofHeader: bytes) }

    /// The file change counter, of which the first ``counterEnd`` bytes of a database are enough.
    package static func changeCounter(ofHeader bytes: some Collection<UInt8>) -> UInt32 {
        bytes.prefix(counterEnd).dropFirst(counterEnd - 4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Behind the counter.
    package static let counterEnd = 28

    /// What makes this one out of another.
    /// - Parameter former: nil for all of it.
    /// - Returns: nothing when there is no difference.
    package func parts(since former: AccountImage?, fingerprint: [UInt8]) -> [AccountChange] {
        let former = former?.pageBytes == pageBytes ? former : nil
        let count = bytes.count / pageBytes
        var parts: [AccountChange] = []
        var pages: [(number: Int, bytes: [UInt8])] = []
        func close(isLast: Bool) {
            parts.append(
                AccountChange(
                    isWhole: former == nil && parts.isEmpty, isLast: isLast, fingerprint: fingerprint, pageBytes: pageBytes,
                    pageCount: count, pages: pages))
            pages = []
        }
        for number in 0..<count {
            let range = number * pageBytes..<(number + 1) * pageBytes
            if let former, range.upperBound <= former.bytes.count, former.bytes[range] == bytes[range] { continue }
            if pages.count * pageBytes >= Self.partBytesTarget { close(isLast: false) }
            pages.append((number, Array(bytes[range])))
        }
        if let former, parts.isEmpty, pages.isEmpty, former.bytes.count == bytes.count { return [] }
        close(isLast: true)
        return parts
    }
}

/// Puts a database together again out of the parts in a stream: parts count once the last one of them is there.
package struct AccountImageReader: Sendable {
    /// The database after the last whole change; nil when there was none.
    package private(set) var image: AccountImage?
    package private(set) var fingerprint: [UInt8]?
    private var unfinished: [UInt8]?
    /// A part could not be read: what follows means nothing until one begins anew.
    private var isBroken = false

    package init() {}

    /// Whether something that counts cannot be read.
    package var isDamaged: Bool { isBroken }

    /// A claim ends whatever its predecessor had begun.
    package mutating func takeClaim() { unfinished = nil }

    package mutating func takeUnreadable() { (isBroken, unfinished) = (true, nil) }

    package mutating func take(_ change: AccountChange) throws(LogError) {
        if change.isWhole { (unfinished, isBroken) = ([], false) }
        // (What is purged may be cut in the middle: a whole one follows.)
        guard !isBroken, var bytes = unfinished ?? image?.bytes else { return }
        let size = change.pageCount * change.pageBytes
        if bytes.count > size { bytes.removeLast(bytes.count - size) }
        bytes += [UInt8](repeating: 0, count: size - bytes.count)
        for page in change.pages {
            let start = page.number * change.pageBytes
            bytes.replaceSubrange(start..<start + change.pageBytes, with: page.bytes)
        }
        unfinished = bytes
        guard change.isLast else { return }
        (image, fingerprint, unfinished) = (try AccountImage(bytes), change.fingerprint, nil)
    }
}
