import Dispatch
import Foundation

/// The machine's own sendmail command, or one that takes the same.
enum Sendmail {
    static func deliver(
        _ message: [UInt8], from: EmailAddress, to: EmailAddress, command: String, timeoutSeconds: Int
    ) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: command)
        // No shell, and no address is taken for an option.
        process.arguments = ["-i", "-f", from.description, "--", to.description]
        let input = Pipe()
        process.standardInput = input
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let ended = DispatchSemaphore(value: 0)
        process.terminationHandler = { _ in ended.signal() }
        try process.run()
        // A mail of ours fits into a pipe's buffer, so this does not wait for the command. Programs of Unix end their lines
        // without CR.
        let text = String(decoding: message, as: UTF8.self).replacing("\r\n", with: "\n")
        try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
        try input.fileHandleForWriting.close()
        guard ended.wait(timeout: .now() + .seconds(timeoutSeconds)) == .success else {
            process.terminate()
            throw MailError(description: "\(command): took more than \(timeoutSeconds) seconds")
        }
        guard process.terminationStatus == 0 else {
            throw MailError(description: "\(command): exit status \(process.terminationStatus)")
        }
    }
}
