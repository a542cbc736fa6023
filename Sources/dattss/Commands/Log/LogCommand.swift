import ArgumentParser

/// `dattss log …`: what an operator does with the log.
struct LogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "Looks after what is on disk.",
        discussion: """
            verify, dump, stat and export only read, and work beside a running server: it may then be writing the last \
            frame. repair writes a copy, and compact the data folder itself: no server may run on it then.

              dattss log verify || dattss log repair --to data-repaired
              dattss log export --user local --sketches | gzip > local.csv.gz
              dattss import --user local --format aggregates local.csv.gz
            """,
        subcommands: [Verify.self, Dump.self, Stat.self, Repair.self, Export.self, Compact.self])
}
