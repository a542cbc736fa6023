import ArgumentParser
import DattssCore
import DattssLog
import DattssTestSupport
import FoundationEssentials
import Testing

@testable import DattssImport
@testable import dattss

/// Goal: what one data folder exports another imports, and then holds bit by bit, in the same order.
@Suite struct AggregateImportTests {
    private let user = UserID("local")!
    private let now = SystemClock().now()

    private func inTemporaryFolder(_ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.path + "/dattss-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    private func run(_ arguments: String...) throws {
        let command = try ImportCommand.parse(arguments)
        try command.run()
    }

    /// The lines of an export, statistic by statistic; those of one minute keep their order, which is that of writing.
    private func export(_ directory: String) throws -> [String] {
        let history = try History.open(fileSystem: POSIXFileSystem(), directory: directory)
        let minutes = try #require(history.minutes)
        var text: [UInt8] = []
        try AggregateExport(of: user, minutes: minutes.lowerBound..<minutes.upperBound.advanced(by: 1), from: history)
            .writeCSV(withSketches: true) { text += $0 }
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
        return lines.prefix(1).map(String.init)
            + lines.dropFirst().enumerated().map {
                (key: $1.split(separator: ",").prefix(3).joined(separator: ","), number: $0, line: $1)
            }
            .sorted { ($0.key, $0.number) < ($1.key, $1.number) }
            .map { String($0.line) }
    }

    /// Two days of minutes, some of several blocks.
    private func write(_ directory: String, seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let lane = MinuteLane(fileSystem: POSIXFileSystem(), directory: directory)
        let keys = (0..<12).map { StatisticKey(Kind.allCases[$0 % 3], "a.statistic.\($0)") }
        for index in 0..<300 as Range<Int64> {
            for _ in 0..<(random.oneIn(10) ? 2 : 1) {
                let partials = keys.filter { _ in !random.oneIn(5) }.sorted().map { key in
                    var accumulator = SampleAccumulator()
                    for _ in 0..<Int.random(in: 1...20, using: &random) {
                        accumulator.add(
                            key.kind == .gauge
                                ? Double.random(in: -9...9, using: &random) : Double(Int.random(in: 0...999, using: &random)))
                    }
                    var aggregate = accumulator.partial(of: key.kind) ?? Aggregate(sample: 0)
                    aggregate.isEmphasised = random.oneIn(50)
                    return Partial(key, aggregate)
                }
                try lane.append(
                    MinuteBlock(
                        minute: now.minute.advanced(by: index * 7 - 2100), through: nil,
                        users: [UserMinute(user: user, aggregates: partials)]))
            }
        }
    }

    @Test("an export is imported exactly", arguments: [1, 2] as [UInt64])
    func roundTrip(seed: UInt64) throws {
        try inTemporaryFolder { folder in
            let (source, copy, file) = (folder + "/source", folder + "/copy", folder + "/export.csv")
            try write(source, seed: seed)
            try export(source).joined(separator: "\n").write(toFile: file, atomically: false, encoding: .utf8)
            try run("--data-dir", copy, "--format", "aggregates", file)
            let lines = try export(copy)
            #expect(try lines == export(source) && lines.count > 2000, "seed \(seed)")
        }
    }

    @Test("pieces of a large table keep the order of aggregates of one minute")
    func pieces() {
        var blocks = AggregateBlocks(of: user)
        let (minute, key, other) = (now.minute, StatisticKey(.gauge, "g"), StatisticKey(.counter, "c"))
        for value in [1.0, 2, 3] { blocks.add(AggregateLine(minute: minute, key: key, aggregate: Aggregate(sample: value))) }
        blocks.add(AggregateLine(minute: minute, key: other, aggregate: Aggregate(sample: 9)))
        blocks.add(AggregateLine(minute: minute.advanced(by: -1), key: key, aggregate: Aggregate(sample: 0)))
        let taken = blocks.take()
        #expect(taken.map(\.minute) == [minute.advanced(by: -1), minute, minute, minute])
        #expect(taken.map { $0.users[0].aggregates.map(\.aggregate.last) } == [[0], [9, 1], [2], [3]])
        #expect(blocks.take().isEmpty && blocks.count == 0)
    }

    @Test("tables as other programs write them are the same table", arguments: ["\u{FEFF}%", "%\r", "\u{FEFF}%\r", "\r%"])
    func marksAndLineEnds(form: String) throws {
        try inTemporaryFolder { folder in
            let file = folder + "/table.csv"
            let lines = [
                "minute_epoch,type,path,sum,cnt,max,min,top,bot,fst,lst", "1400000000,c,n,1,1,1,1,1,1,1,1",
                "1400000070,c,n,2,1,2,2,2,2,2,2",
            ]
            // A mark at the beginning; carriage returns beside line feeds, or in place of them.
            let end = form.hasPrefix("\r") ? "\r" : form.hasSuffix("\r") ? "\r\n" : "\n"
            let text = (form.hasPrefix("\u{FEFF}") ? "\u{FEFF}" : "") + lines.joined(separator: end) + end
            try text.write(toFile: file, atomically: false, encoding: .utf8)
            let survey = try AggregateImporter(for: user, now: now).survey(try LineFile(file), shiftingToNow: true) { _ in }
            #expect(survey.aggregates == 2 && survey.report.badLines == [:])
        }
    }

    @Test("bad lines and those of the future are left out, and a table is moved to now when asked for")
    func shift() throws {
        try inTemporaryFolder { folder in
            let file = folder + "/table.csv"
            let text = """
                minute_epoch,type,path,sum,cnt,max,min,top,bot,fst,lst
                1400000000,c,n,1,1,1,1,1,1,1,1
                1400000070,c,n,2,1,2,2,2,2,2,2
                nonsense
                1400000070,c,n,2,1,1,2,2,2,2,2

                """
            try text.write(toFile: file, atomically: false, encoding: .utf8)
            let importer = AggregateImporter(for: user, now: now)
            let survey = try importer.survey(try LineFile(file), shiftingToNow: true) { _ in }
            #expect(survey.report.badLines == [.badColumns: 1, .contradiction: 1])
            #expect(survey.aggregates == 2 && survey.inFuture == 0)
            var blocks: [MinuteBlock] = []
            try importer.read(try LineFile(file), survey, progress: { _ in }) { blocks += $0 }
            #expect(blocks.map(\.minute) == [now.minute.advanced(by: -2), now.minute.advanced(by: -1)])

            let future = "\(now.seconds + 3600),c,n,1,1,1,1,1,1,1,1\n"
            try future.write(toFile: file, atomically: false, encoding: .utf8)
            #expect(try importer.survey(try LineFile(file), shiftingToNow: false) { _ in }.inFuture == 1)
        }
    }

    @Test("nothing is written for a user that does not exist, or out of standard input")
    func refused() throws {
        try inTemporaryFolder { folder in
            let file = folder + "/table.csv"
            try "1400000000,c,n,1,1,1,1,1,1,1,1\n".write(toFile: file, atomically: false, encoding: .utf8)
            #expect(throws: (any Error).self) {
                try run("--data-dir", folder + "/copy", "--user", "nobody", "--format", "aggregates", file)
            }
            #expect(throws: (any Error).self) { try ImportCommand.parse(["--format", "aggregates", "-"]) }
        }
    }
}
