import Foundation
import Subprocess
import SystemPackage

/// A program on the server's machine that is told of alerts: it reads what a webhook gets on its input, and ends with status 0.
enum CommandChannel {
    static let timeoutSeconds = 20

    /// - Throws: ``AlertProblem``.
    static func run(_ command: String, _ body: [UInt8], _ policy: OutgoingPolicy) async throws {
        guard let directory = policy.commandDirectory, AlertChannel.isCommand(command) else {
            throw AlertProblem("this server runs no commands", isFinal: true)
        }
        let path = directory + "/" + command
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw AlertProblem("this server has no command '\(command)'", isFinal: true)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Ends the command, if it still runs.
            defer { group.cancelAll() }
            group.addTask { try await run(path, command, body) }
            group.addTask {
                try await Task.sleep(for: .seconds(timeoutSeconds))
                throw AlertProblem("\(command): took more than \(timeoutSeconds) seconds", isFinal: false)
            }
            try await group.next()
        }
    }

    private static func run(_ path: String, _ command: String, _ body: [UInt8]) async throws {
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(1))]
        let result = try await Subprocess.run(
            .path(FilePath(path)), arguments: [], environment: .custom(["PATH": "/usr/local/bin:/usr/bin:/bin"]),
            platformOptions: options, input: .inputWriter, output: .discarded, error: .discarded
        ) { execution in
            // One that does not read may still have done its work: its status tells.
            _ = try? await execution.standardInputWriter.write(body)
            try await execution.standardInputWriter.finish()
        }
        switch result.terminationStatus {
        case .exited(0): return
        case .exited(let status): throw AlertProblem("\(command): exit status \(status)", isFinal: false)
        case .signaled(let signal): throw AlertProblem("\(command): ended by signal \(signal)", isFinal: false)
        }
    }
}
