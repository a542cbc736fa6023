import ArgumentParser
import FoundationEssentials

/// The data folder of a server, or the one that is measured.
struct DataDirectoryOption: ParsableArguments {
    @Option(name: .customLong("data-dir"), help: "The data folder (default: DATTSS_DATA_DIR, or data).")
    var path: String?

    var resolved: String { path ?? ProcessInfo.processInfo.environment["DATTSS_DATA_DIR"] ?? "data" }
}
