import DattssCore

/// One sample of a file, at the time the file gives it.
struct ImportSample: Hashable {
    var at: Timestamp
    var key: StatisticKey
    var value: Double
}

/// Why a line of a file is not imported.
enum LineProblem: String, Error, CaseIterable {
    case badColumns = "expected timestamp,value or timestamp,kind,path,value"
    case badTime = "not a time"
    case badKind = "not a kind, expected c, ms or g"
    case badPath = "not a path, expected 1 to 255 of A-Z a-z 0-9 _ . : ! -"
    case badValue = "not a finite number"
    case notCombined = "not a line of a combined access log"
}

/// Reads samples out of lines: a format of ``ImportCommand``.
protocol LineFormat {
    /// - Parameter number: of the line, counted from 1.
    mutating func read(
        _ line: UnsafeBufferPointer<UInt8>, number: Int, into samples: inout [ImportSample]
    ) throws(LineProblem)
}
