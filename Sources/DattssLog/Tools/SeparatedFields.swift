/// The fields of a line of CSV (RFC 4180), without their quotes and the blanks around them. Made once and used for line after
/// line.
///
///     a,"b,""c""",,d      a │ b,"c" │ (empty) │ d
struct SeparatedFields {
    private var bytes: [UInt8] = []
    /// Where each field is in `bytes`.
    private var ranges: [Range<Int>] = []

    /// What is between fields: a comma, or a semicolon or tab as some programs write it.
    var separator = UInt8(ascii: ",")

    /// At least one field, which may be empty.
    var count: Int { ranges.count }

    subscript(position: Int) -> ArraySlice<UInt8> {
        var field = bytes[ranges[position]]
        while let first = field.first, Self.isBlank(first) { field.removeFirst() }
        while let last = field.last, Self.isBlank(last) { field.removeLast() }
        return field
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    /// - Parameter line: without its end.
    mutating func split(_ line: UnsafeBufferPointer<UInt8>) {
        bytes.removeAll(keepingCapacity: true)
        ranges.removeAll(keepingCapacity: true)
        if line.contains(UInt8(ascii: "\"")) {
            splitQuoted(line)
        } else {
            // Nearly every line: the bytes as they are, and where the separators are.
            bytes.append(contentsOf: line)
            var start = 0
            for position in 0..<line.count where line[position] == separator {
                ranges.append(start..<position)
                start = position + 1
            }
            ranges.append(start..<line.count)
        }
    }

    private mutating func splitQuoted(_ line: UnsafeBufferPointer<UInt8>) {
        var start = 0
        var isQuoted = false
        var wasQuote = false
        for byte in line {
            let isQuote = byte == UInt8(ascii: "\"")
            if isQuote {
                // The second of two quotes inside quotes stands for one.
                if !isQuoted, wasQuote { bytes.append(byte) }
                isQuoted.toggle()
            } else if byte == separator, !isQuoted {
                ranges.append(start..<bytes.count)
                start = bytes.count
            } else {
                bytes.append(byte)
            }
            wasQuote = isQuote && !isQuoted
        }
        ranges.append(start..<bytes.count)
    }
}

extension Int64 {
    /// A decimal integer and nothing else: an optional minus and at least one digit.
    init?(digits: ArraySlice<UInt8>) {
        let isNegative = digits.first == UInt8(ascii: "-")
        let magnitude = digits.dropFirst(isNegative ? 1 : 0)
        guard !magnitude.isEmpty, magnitude.count <= 19 else { return nil }
        // Built up below zero, where there is one more.
        var value: Int64 = 0
        for byte in magnitude {
            let digit = byte &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            let (product, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (difference, isTooLow) = product.subtractingReportingOverflow(Int64(digit))
            guard !isTooLarge, !isTooLow else { return nil }
            value = difference
        }
        if isNegative {
            self = value
        } else {
            guard value != .min else { return nil }
            self = -value
        }
    }
}
