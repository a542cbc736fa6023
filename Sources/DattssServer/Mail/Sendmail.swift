import Foundation
import Subprocess
import SystemPackage

/// The machine's own sendmail command, or one that takes the same.
enum Sendmail {
    /// A command that ends before it has read its input is an error of ours to report, not a signal to die of.
    private static let ignoresBrokenPipes: Void = { _ = signal(SIGPIPE, SIG_IGN) }()

    /// Returns when the command has ended with success. What it leaves behind to do the rest, as exim does, is not waited for.
    static func deliver(
        _ message: [UInt8], from: EmailAddress, to: EmailAddress, command: String, timeoutSeconds: Int
    ) async throws {
        _ = ignoresBrokenPipes
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Ends the command, if it still runs.
            defer { group.cancelAll() }
            group.addTask { try await run(command, ["-i", "-f", from.description, "--", to.description], message) }
            group.addTask {
                try await Task.sleep(for: .seconds(timeoutSeconds))
                throw MailError(description: "\(command): took more than \(timeoutSeconds) seconds")
            }
            try await group.next()
        }
    }

    /// No shell comes between, and no address is taken for an option.
    private static func run(_ command: String, _ arguments: Arguments, _ message: [UInt8]) async throws {
        // Programs of Unix end their lines without CR.
        let text = String(decoding: message, as: UTF8.self).replacing("\r\n", with: "\n")
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(1))]
        let result = try await Subprocess.run(
            .path(FilePath(command)), arguments: arguments, platformOptions: options, input: .inputWriter, output: .discarded,
            error: .discarded
        ) { execution in
            // One that fails need not read: its status tells more than a broken pipe.
            let written = try? await execution.standardInputWriter.write(text)
            try await execution.standardInputWriter.finish()
            return written == text.utf8.count
        }
        switch result.terminationStatus {
        case .exited(0) where result.closureResult: return
        case .exited(0): throw MailError(description: "\(command): did not read the mail")
        case .exited(let status): throw MailError(description: "\(command): exit status \(status)")
        case .signaled(let signal): throw MailError(description: "\(command): ended by signal \(signal)")
        }
    }
}
