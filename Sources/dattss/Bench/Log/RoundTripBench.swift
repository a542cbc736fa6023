import DattssCore
import DattssLog

/// Exports a data folder as CSV with sketches, imports that into another one, and compares every bit of every aggregate.
struct RoundTripBench {
    static func figures(of folder: BenchFolder, in temporary: String) throws -> [Figure] {
        let file = temporary + "/export.csv"
        let copy = BenchFolder(directory: temporary + "/imported")
        let history = try folder.history()
        guard let minutes = history.minutes else { return [] }
        let watch = Stopwatch()
        let output = try folder.fileSystem.open(file, .appendingToNew)
        let count = try AggregateExport(
            of: SampleDay.user, minutes: minutes.lowerBound..<minutes.upperBound.advanced(by: 1), from: history
        ).writeCSV(withSketches: true) { (bytes) throws(FileSystemError) in try output.writeAll(bytes) }
        let exportSeconds = watch.processorSeconds

        let importing = Stopwatch()
        let lane = copy.lane()
        let importer = AggregateImporter(for: SampleDay.user, now: minutes.upperBound.end)
        let survey = try importer.survey(try LineFile(file), shiftingToNow: false) { _ in }
        try importer.read(try LineFile(file), survey, progress: { _ in }) { for block in $0 { try lane.append(block) } }
        let importSeconds = importing.processorSeconds

        let before = try MinuteDigest.of([SampleDay.user], in: history)
        let after = try MinuteDigest.of([SampleDay.user], in: try copy.history())
        return [
            Figure(
                name: "export and import of \(count) aggregates with sketches",
                value: before == after ? "exact" : "NOT EXACT", target: "exact"),
            Figure(name: "… export, M aggregates/s of CPU", value: (Double(count) / exportSeconds / 1e6).text()),
            Figure(name: "… import, M aggregates/s of CPU", value: (Double(count) / importSeconds / 1e6).text()),
        ]
    }
}
