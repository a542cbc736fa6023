import DattssClient
import DattssLog
import DattssServer
import Foundation
import Testing

@testable import dattss

@Suite("Why a command failed")
struct CommandFailureTests {
    /// Goal: each error of the system has an exit code that scripts can tell apart, and words that are not the kernel's.
    @Test(
        "says what the system's errors mean",
        arguments: [
            (EACCES, 77, "no permission for /x"), (EPERM, 77, "no permission"), (EROFS, 77, "can only be read"),
            (ENOSPC, 74, "the disk is full"), (EDQUOT, 74, "the disk is full"), (ENOENT, 66, "there is no /x"),
            (EISDIR, 66, "is a folder"), (ENOTDIR, 66, "is a file"), (EEXIST, 73, "in its way"), (ENOTEMPTY, 73, "not empty"),
            (EMFILE, 71, "ulimit -n"), (ENFILE, 71, "ulimit -n"), (EIO, 74, "the disk cannot"), (ENAMETOOLONG, 73, "too long"),
            (ENOMEM, 71, "memory"),
        ] as [(Int32, Int32, String)])
    func systemErrors(number: Int32, code: Int32, words: String) {
        for operation in [FileSystemError.Operation.open, .list, .size, .read] {
            let failure = CommandFailure(explaining: FileSystemError(operation, "/x", code: number))
            #expect(failure.code.rawValue == code && failure.description.contains(words), "\(failure)")
            #expect(!failure.description.contains("errno"))
        }
    }

    @Test("says that a missing folder keeps something from being made")
    func creating() {
        let failure = CommandFailure(explaining: FileSystemError(.createDirectory, "/x/y", code: ENOENT))
        #expect(failure.code == .cannotCreate && failure.problem.contains("its folder does not exist"))
    }

    @Test("names the folder that another server has, and not its lock")
    func lock() {
        let failure = CommandFailure(explaining: FileSystemError(.lock, "/nowhere/data/lock", code: EWOULDBLOCK))
        #expect(failure.code == .unavailable)
        #expect(failure.problem.hasPrefix("a server runs on /nowhere/data, ") && failure.description.contains("--data-dir"))
    }

    @Test(
        "says why there was no answer",
        arguments: [
            (ConnectionProblem.refused, 69, "nothing listens"), (.noSuchHost("x"), 68, "no host 'x'"), (.silent, 69, "in time"),
            (.unreachable, 69, "cannot be reached"), (.noTLS("y"), 69, "https://"), (.noTLS("its certificate is bad"), 69, "--url"),
            (.broken, 69, "closed"), (.notHTTP, 69, "HTTP"), (.badAddress, 65, "http://"),
        ] as [(ConnectionProblem, Int32, String)])
    func connections(problem: ConnectionProblem, code: Int32, words: String) {
        let failure = CommandFailure(explaining: problem)
        #expect(failure.code.rawValue == code && failure.description.contains(words), "\(failure)")
    }

    @Test("takes the key for refused only where the answer is about the key")
    func keys() {
        for status in [200, 400, 404, 429, 500, 503] { #expect(CommandFailure(refusedKey: status, "", at: "u") == nil) }
        #expect(CommandFailure(refusedKey: 401, "", at: "u")?.code == .noPermission)
        #expect(CommandFailure(refusedKey: 403, "may only read", at: "u")?.problem.contains("may only read") == true)
    }

    @Test("reads the message of an error out of its JSON")
    func messages() {
        #expect(ServerMessage(Array(#"{"error":{"name":"x","message":"why \"so\""}}"#.utf8))?.message == #"why "so""#)
        for body in ["", "{}", "<html>", #"{"error":"x"}"#] { #expect(ServerMessage(Array(body.utf8)) == nil) }
    }
}
