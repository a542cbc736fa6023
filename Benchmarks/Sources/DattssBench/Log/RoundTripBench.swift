import DattssCore
import DattssImport
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

        let isExact = try points(in: history) == points(in: try copy.history())
        return [
            Figure(
                name: "export and import of \(count) aggregates with sketches",
                value: isExact ? "exact" : "NOT EXACT", target: "exact"),
            Figure(name: "… export, M aggregates/s of CPU", value: (Double(count) / exportSeconds / 1e6).text()),
            Figure(name: "… import, M aggregates/s of CPU", value: (Double(count) / importSeconds / 1e6).text()),
        ]
    }

    /// Every aggregate, bit by bit, as lines of the export.
    private static func points(in history: History) throws -> [UInt8] {
        guard let known = history.minutes else { return [] }
        let minutes = known.lowerBound..<known.upperBound.advanced(by: 1)
        var rows = AggregateLineWriter(AggregateColumns(hasSketch: true, hasExtras: true))
        for key in try history.keys(user: SampleDay.user, minutes: minutes).sorted() {
            for point in try history.read(user: SampleDay.user, key: key, minutes: minutes).points {
                rows.append(point.minute, key, point.aggregate)
            }
        }
        return rows.bytes
    }
}
