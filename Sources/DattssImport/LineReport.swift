/// How many lines were read and which of them were bad.
public struct LineReport<Problem: CaseIterable & Hashable & RawRepresentable<String>> {
    /// Lines that were counted.
    public private(set) var lines = 0
    /// How many were bad, by reason.
    public private(set) var badLines: [Problem: Int] = [:]
    /// The first few, with their numbers.
    public private(set) var examples: [(line: Int, problem: Problem)] = []

    /// How many examples are kept.
    public static var examplesMax: Int { 5 }

    /// A report of no lines.
    public init() {}

    /// Another line, whatever it is.
    public mutating func countLine() { lines += 1 }

    /// What is wrong with the line that was counted last.
    public mutating func note(_ problem: Problem) {
        badLines[problem, default: 0] += 1
        if examples.count < Self.examplesMax { examples.append((lines, problem)) }
    }

    /// Lines for a person: what was bad, how often, and where first.
    public func complaints(about file: String) -> [String] {
        let counted = Problem.allCases.compactMap { problem in
            badLines[problem].map { "\(file): \($0) bad lines: \(problem.rawValue)" }
        }
        return counted + examples.map { "\(file):\($0.line): \($0.problem.rawValue)" }
    }
}

extension LineReport<LineProblem> {
    /// Feeds a line to `format`; a bad one is noted.
    public mutating func read(
        _ line: UnsafeBufferPointer<UInt8>, by format: inout some LineFormat, into samples: inout [ImportSample]
    ) {
        countLine()
        guard !line.isEmpty else { return }
        do {
            try format.read(line, number: lines, into: &samples)
        } catch {
            note(error)
        }
    }
}
