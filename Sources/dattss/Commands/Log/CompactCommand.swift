import ArgumentParser
import DattssCore
import DattssLog
import DattssPipeline
import DattssServer

extension LogCommand {
    struct Compact: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Seals now everything that can be sealed.",
            discussion: """
                A server seals each day by itself when it is over. This does it at once, for a folder without a server: \
                before a copy is made of it, or to see how small it gets. With --today the day that is not over is sealed, \
                too; what comes later on that day is added to it when it is sealed again. Users that were deleted are \
                erased. Nothing else goes: what is past its time is for the server, which knows how long that is.
                """)
        @OptionGroup var dataDirectory: DataDirectoryOption
        @Flag(help: "Seal the current day, too.") var today = false

        func run() async throws {
            let directory = try dataDirectory.existing()
            let before = try LogSizes.bytes(of: directory, POSIXFileSystem())
            let work = try await compact(directory)
            try Output.line(
                CompactReport(work: work, bytesBefore: before, bytesAfter: try LogSizes.bytes(of: directory, POSIXFileSystem())))
        }

        /// Opens the pipeline on the folder, lets it do its housekeeping, and closes it.
        private func compact(_ directory: String) async throws -> CompactReport.Work {
            let lock = try unlessLocked(directory) { () throws(LogError) in
                try DataFolder.lock(directory, fileSystem: POSIXFileSystem())
            }
            defer { lock.release() }
            let accounts = try Accounts(directory: directory)
            let clock = SystemClock()
            let retention = accounts.retention(Retention.forEver.limits)
            let pipeline = try Pipeline(
                PipelineConfiguration(
                    directory: directory, syncMode: .second, retention: { retention },
                    onErased: { user in
                        do { try accounts.noteErased(user, at: clock.now()) } catch {
                            StandardStream.error.note("cannot note that '\(user)' is erased: \(error)")
                        }
                    }, fileSystem: POSIXFileSystem(), clock: clock)
            ) { StandardStream.error.note($0) }
            let report = await pipeline.compact(erasing: retention.deleted, includingToday: today)
            if let problem = report.problem { throw CommandFailure(.inputOutput, problem) }
            return CompactReport.Work(
                days: report.sealings, aggregates: report.sealedRows, erasedUsers: report.erasedUsers,
                findings: report.findings)
        }
    }
}

/// What compacting did.
struct CompactReport: CustomStringConvertible {
    struct Work {
        var days = 0
        var aggregates = 0
        var erasedUsers = 0
        /// What could not be read, of which copies are in quarantine.
        var findings: [Finding] = []
    }

    var work: Work
    var bytesBefore: Int
    var bytesAfter: Int

    var description: String {
        let findings = work.findings.map { "unreadable \($0)\n" }.joined()
        let erased = work.erasedUsers > 0 ? ", erased \(work.erasedUsers) users" : ""
        return findings
            + "sealed \(work.days) days, \(work.aggregates) minute aggregates\(erased): "
            + "\(SizeTable.grouped(bytesBefore)) bytes before, \(SizeTable.grouped(bytesAfter)) after"
    }
}
