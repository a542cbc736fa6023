public import DattssCore
public import DattssLog

/// One sample of a file, at the time the file gives it.
public struct ImportSample: Hashable {
    /// When it was taken.
    public var at: Timestamp
    /// The statistic it is of.
    public var key: StatisticKey
    /// What was measured, in whatever unit the file has.
    public var value: Double
}

/// Why a line of a file is not imported.
public enum LineProblem: String, Error, CaseIterable {
    case badColumns = "expected timestamp,value or timestamp,kind,path,value"
    case badTime = "not a time"
    case badKind = "not a kind, expected c, ms or g"
    case badPath = "not a name of which a path of 1 to 255 bytes can be made"
    case badValue = "not a finite number"
    case notCombined = "not a line of an access log: expected [time] \"request\" status bytes"
}

/// Reads samples out of lines: a format of `dattss import`.
public protocol LineFormat {
    /// The names of which paths were made so far.
    var rewritten: RewrittenNames { get }

    /// - Parameter number: of the line, counted from 1.
    mutating func read(
        _ line: UnsafeBufferPointer<UInt8>, number: Int, into samples: inout [ImportSample]
    ) throws(LineProblem)
}

extension LineFormat {
    /// None: for formats whose lines name no statistics.
    public var rewritten: RewrittenNames { RewrittenNames() }
}
