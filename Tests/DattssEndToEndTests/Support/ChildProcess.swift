import Foundation
import Subprocess
import SystemPackage

/// A program that runs beside a test until it is ended, or until nobody holds this any more: then it is killed.
///
/// It gets pipes of its own: one that is left behind when the tests themselves are killed holds open nothing that they print to,
/// and can see at the end of its input that they are gone.
final class ChildProcess: Sendable {
    let identifier: pid_t
    private let lines: AsyncStream<String>
    private let task: Task<TerminationStatus, any Error>

    /// How long a test waits for what is known to come: all tests begin at once, and many of them keep every core busy.
    private static let patienceSeconds = 900.0
    private static let outputBytesMax = 16 << 20

    private init(_ identifier: pid_t, _ lines: AsyncStream<String>, _ task: Task<TerminationStatus, any Error>) {
        (self.identifier, self.lines, self.task) = (identifier, lines, task)
    }

    deinit { task.cancel() }

    static func start(_ program: String, _ arguments: [String] = []) async throws -> ChildProcess {
        let (started, starting) = AsyncThrowingStream.makeStream(of: pid_t.self)
        let (lines, printing) = AsyncStream.makeStream(of: String.self)
        let task = Task {
            defer { printing.finish() }
            do {
                return try await Subprocess.run(
                    .path(FilePath(program)), arguments: Arguments(arguments), input: .inputWriter, output: .sequence,
                    error: .sequence
                ) { execution in
                    starting.yield(execution.processIdentifier.value)
                    async let errors: Void = passOn(execution.standardError)
                    for try await line in execution.standardOutput.strings() { printing.yield(line) }
                    try await errors
                }.terminationStatus
            } catch {
                starting.finish(throwing: error)
                throw error
            }
        }
        for try await identifier in started { return ChildProcess(identifier, lines, task) }
        // Only when the test itself is cancelled.
        task.cancel()
        throw CancellationError()
    }

    private static func passOn(_ errors: SubprocessOutputSequence) async throws {
        for try await buffer in errors {
            try buffer.withUnsafeBytes { try FileHandle.standardError.write(contentsOf: Data($0)) }
        }
    }

    /// The next line of its output, or nil when it has ended.
    func line() async throws -> String? {
        let lines = lines
        return try await within(Self.patienceSeconds) {
            for await line in lines { return line }
            return nil
        }
    }

    /// - Returns: its exit status, or the number of the signal that ended it.
    @discardableResult
    func end(_ signal: Int32 = SIGKILL) async throws -> Int32 {
        kill(identifier, signal)
        return try await task.value.code
    }

    /// Runs a program to its end.
    static func run(
        _ program: String, _ arguments: [String], environment: Environment = .inherit
    ) async throws -> (status: Int32, output: String, errors: String) {
        try await within(patienceSeconds) {
            let result = try await Subprocess.run(
                .path(FilePath(program)), arguments: Arguments(arguments), environment: environment,
                output: .string(limit: outputBytesMax), error: .string(limit: outputBytesMax))
            return (result.terminationStatus.code, result.standardOutput, result.standardError)
        }
    }
}

extension TerminationStatus {
    fileprivate var code: Int32 {
        switch self {
        case .exited(let code), .signaled(let code): code
        }
    }
}

/// Cancels what takes longer than it may.
func within<Value: Sendable>(_ seconds: Double, _ work: @Sendable @escaping () async throws -> Value) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
        defer { group.cancelAll() }
        group.addTask(operation: work)
        group.addTask {
            // Waits: this is the limit of what real processes may take.
            try await Task.sleep(for: .seconds(seconds))
            throw RealServer.Failure(description: "took more than \(seconds) seconds")
        }
        guard let value = try await group.next() else { throw CancellationError() }
        return value
    }
}
