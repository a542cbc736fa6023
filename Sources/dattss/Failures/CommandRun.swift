import ArgumentParser
import DattssLog
import LibC

/// Runs what the command line asks for, and says in plain words why it could not be done.
enum CommandRun {
    /// Returns when all went well, and otherwise ends the process.
    static func run() async {
        var isParsed = false
        do {
            var command = try await DattssCommand.asyncParseAsRoot()
            isParsed = true
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            try Output.flush()
        } catch {
            do { try Output.flush() } catch { end(error) }
            if !isParsed || DattssCommand.exitCode(for: error) == .success { endUsage(error) }
            end(error)
        }
    }

    /// What is wrong with the command line, or the help that it asks for.
    private static func endUsage(_ error: any Error) -> Never {
        let text = HelpText(DattssCommand.fullMessage(for: error, columns: HelpText.unwrapped)).wrapped(to: Terminal.columns)
        let status = DattssCommand.exitCode(for: error)
        let stream = status == .success ? StandardStream.output : .error
        do { try stream.write(Array((text + "\n").utf8)) } catch { end(error) }
        exit(status.rawValue)
    }

    /// Says why, and ends the process with the code for it.
    static func end(_ error: any Error) -> Never {
        if let error = error as? FileSystemError, error.code == EPIPE, error.path == StandardStream.output.name { endOfReader() }
        if let status = error as? ExitCode { exit(status.rawValue) }
        if let error = error as? ValidationError {
            say(error.message)
            exit(ExitCode.validationFailure.rawValue)
        }
        let failure = CommandFailure(explaining: error)
        say(failure.description)
        exit(failure.code.rawValue)
    }

    private static func say(_ message: String) {
        // Where standard error is closed as well, the exit code has to do.
        try? StandardStream.error.write(Array("Error: \(message)\n".utf8))
    }

    /// Ends as any program that writes to a pipe which nobody reads any more.
    private static func endOfReader() -> Never {
        signal(SIGPIPE, SIG_DFL)
        raise(SIGPIPE)
        exit(128 + SIGPIPE)
    }
}
