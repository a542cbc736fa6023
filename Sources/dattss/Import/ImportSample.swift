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

/// How many lines were read and which of them were bad.
struct LineReport {
    private(set) var lines = 0
    private(set) var badLines: [LineProblem: Int] = [:]
    /// The first few, with their numbers.
    private(set) var examples: [(line: Int, problem: LineProblem)] = []

    static let examplesMax = 5

    /// Feeds a line to `format`; a bad one is noted.
    mutating func read(
        _ line: UnsafeBufferPointer<UInt8>, by format: inout some LineFormat, into samples: inout [ImportSample]
    ) {
        lines += 1
        guard !line.isEmpty else { return }
        do {
            try format.read(line, number: lines, into: &samples)
        } catch {
            badLines[error, default: 0] += 1
            if examples.count < Self.examplesMax { examples.append((lines, error)) }
        }
    }

    /// Lines for a person: what was bad, how often, and where first.
    func complaints(about file: String) -> [String] {
        let counted = LineProblem.allCases.compactMap { problem in
            badLines[problem].map { "\(file): \($0) bad lines: \(problem.rawValue)" }
        }
        return counted + examples.map { "\(file):\($0.line): \($0.problem.rawValue)" }
    }
}
