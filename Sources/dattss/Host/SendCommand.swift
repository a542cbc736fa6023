import ArgumentParser
import DattssClient
import DattssCore

/// `dattss send`: a few samples from a shell script.
struct SendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Send samples from a script.",
        discussion: """
            A sample is a number and its unit: 2c counts, 153ms is a duration, 23g is a reading. A ! behind it \
            emphasises the statistic.

              dattss send backup.runs 1c                     # one sample
              dattss send backup.size 512g backup.runs 1c    # pairs of path and sample
              dattss send query.time 12ms 15ms 11ms          # several samples of one statistic

            Everything is checked before anything is sent, and all of it is sent as one batch. Nothing is printed \
            when the server has it; otherwise the reason, and the exit code is not 0. The key is read from \
            --auth, from DATTSS_AUTH_KEY or from the data folder.
            """)

    @OptionGroup var server: EndpointOptions

    @Option(help: "The name of the sending program, for the list of processes.")
    var process: String?

    @Option(help: "For how many seconds to try.")
    var timeout = 5.0

    @Argument(help: ArgumentHelp("Paths and samples.", valueName: "path-or-sample"))
    var words: [String]

    func validate() throws {
        if let process, !Name.isValidProcess(process.utf8) {
            throw ValidationError("--process is '\(process)', expected 1 to 64 of A-Z a-z 0-9 _ . : ! -")
        }
        guard 0.1...3600 ~= timeout else { throw ValidationError("--timeout is \(timeout), expected 0.1 to 3600 seconds") }
        do { _ = try SampleList.partials(of: words) } catch { throw ValidationError("\(error)") }
    }

    func run() async throws {
        let partials = try SampleList.partials(of: words)
        let endpoint = try server.endpoint()
        let refusal = KeyRefusal()
        let delivery = SingleDelivery(
            transport: EndpointTransport(endpoint, refusal: refusal), limitMilliseconds: Int64((timeout * 1000).rounded()))
        do { try await delivery.deliver(partials, process: process) } catch { throw refusal.failure ?? error }
    }
}
