/// What went wrong in the log: where, what was expected there and what was found.
///
/// It is one word wide, because the decoders throw it out of their innermost loops.
public struct LogError: Error, Sendable, CustomStringConvertible {
    private let details: Details

    /// What is wrong, for programs.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// Bytes that no writer writes.
        case malformed
        /// Bytes that are not what was written.
        case checksumMismatch = "checksum mismatch"
        /// Bytes of a later version of this program.
        case unsupportedVersion = "unsupported version"
        /// A length beyond the format's caps, refused before anything is allocated.
        case overLimit = "over the limit"
        /// A call of the file system failed, see ``LogError/fileSystemError``. The log is as it was before.
        case fileSystem = "file system"
        /// `fdatasync` failed: nobody knows what is on disk. The only way out is to stop and to replay on start.
        case syncFailed = "sync failed"
        /// The lane does nothing any more, because a sync failed before; or a folder or a stream belongs to another.
        case refused
        /// A replicated log does not answer.
        case unanswered
    }

    /// What is wrong.
    public var code: Code { details.code }
    /// The path of the file, where it is known.
    public var file: String? { details.file }
    /// Where in the file the frame or header begins that is concerned.
    public var offset: Int? { details.offset }
    /// What was expected.
    public var expected: String { details.expected }
    /// What was found instead.
    public var found: String { details.found }
    /// The call that failed, where one did.
    public var fileSystemError: FileSystemError? { details.fileSystemError }

    /// The disk or the quota is full: refuse new batches, try again later.
    public var isOutOfSpace: Bool { fileSystemError?.isOutOfSpace ?? false }

    public var description: String {
        let place = [file, offset.map { "offset \($0)" }].compactMap(\.self).joined(separator: " ")
        let problem = fileSystemError?.description ?? "expected \(expected), found \(found)"
        return (place.isEmpty ? "" : place + ": ") + "\(code.rawValue): \(problem)"
    }

    package init(_ code: Code, expected: String, found: String, file: String? = nil, offset: Int? = nil) {
        details = Details(code, expected, found, nil, file, offset)
    }

    init(_ error: FileSystemError, code: Code = .fileSystem) {
        details = Details(code, "\(error.operation.rawValue) to succeed", error.description, error, nil, nil)
    }

    /// A replicated log cannot be asked.
    package init(unanswered name: String, _ problem: String) {
        self.init(.unanswered, expected: "an answer of \(name)", found: problem)
    }

    /// The same error, said to be at a place, unless it is known more exactly already.
    func at(_ file: String, _ offset: Int? = nil) -> LogError {
        LogError(
            details: Details(
                code, expected, found, fileSystemError, self.file ?? file, self.offset ?? offset))
    }

    private init(details: Details) { self.details = details }

    private final class Details: Sendable {
        let code: Code
        let expected: String
        let found: String
        let fileSystemError: FileSystemError?
        let file: String?
        let offset: Int?

        init(
            _ code: Code, _ expected: String, _ found: String, _ fileSystemError: FileSystemError?, _ file: String?,
            _ offset: Int?
        ) {
            self.code = code
            self.expected = expected
            self.found = found
            self.fileSystemError = fileSystemError
            self.file = file
            self.offset = offset
        }
    }
}

/// Makes the errors of a file system those of the log.
func logged<Result>(_ body: () throws(FileSystemError) -> Result) throws(LogError) -> Result {
    do {
        return try body()
    } catch {
        throw LogError(error)
    }
}
