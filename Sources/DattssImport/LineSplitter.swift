/// Splits a text that comes in blocks into lines, which end at `\n`, `\r\n` or `\r`.
struct LineSplitter {
    private let lineBytesMax: Int
    /// What has come of a line whose end has not.
    private var begun: [UInt8] = []
    /// Whether the last line ended at a `\r`, of which a `\n` would be a part.
    private var isAfterReturn = false

    /// - Parameter lineBytesMax: of a longer line only so much is handed out.
    init(lineBytesMax: Int) { self.lineBytesMax = lineBytesMax }

    /// Calls `body` with every line that ends in the block, without its end.
    mutating func add(_ block: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        if block.isEmpty { return }
        var rest = block[...]
        if isAfterReturn, rest.first == UInt8(ascii: "\n") { rest.removeFirst() }
        isAfterReturn = false
        while let end = rest.firstIndex(where: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
            emit(rest[..<end], body)
            let isReturn = rest[end] == UInt8(ascii: "\r")
            rest = rest[(end + 1)...]
            guard isReturn else { continue }
            if rest.first == UInt8(ascii: "\n") { rest.removeFirst() } else { isAfterReturn = rest.isEmpty }
        }
        keep(rest)
    }

    /// Hands out a last line that has no end.
    mutating func end(_ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        if begun.isEmpty { return }
        begun.withUnsafeBufferPointer(body)
        begun.removeAll()
    }

    private mutating func emit(_ part: Slice<UnsafeBufferPointer<UInt8>>, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        if begun.isEmpty { return body(UnsafeBufferPointer(rebasing: part)) }
        keep(part)
        begun.withUnsafeBufferPointer(body)
        begun.removeAll(keepingCapacity: true)
    }

    private mutating func keep(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) {
        begun.append(contentsOf: bytes.prefix(max(0, lineBytesMax - begun.count)))
    }
}
