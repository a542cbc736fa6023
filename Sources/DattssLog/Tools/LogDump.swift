internal import DattssCore

/// The log as text, for people: a line a segment, a frame and, when asked for, a record; after them the sealed files, see
/// ``SealedDump``.
///
///     accepted/00000000000000000001.log  4,711 bytes, version 1, from LSN 1
///       @40    accepted    LSN 1..3  2026-11-22T20:38Z  3 records  812 → 401 bytes
///         LSN 1  20:38:05.120  user local  2 partials  process api  cid 6f1c seq 17
///           c routes.get_user  sum 376  cnt 340  min 1  max 3
///     ! …  what cannot be read
public enum LogDump {
    /// How much is told.
    public enum Detail: Int, Sendable, Hashable, CaseIterable, Comparable {
        case segments, frames, records

        public static func < (a: Detail, b: Detail) -> Bool { a.rawValue < b.rawValue }
    }

    /// Hands over line after line. Writes nothing to disk.
    public static func lines(
        fileSystem: any FileSystem, directory: String, detail: Detail = .frames, _ line: (String) -> Void
    ) throws(LogError) {
        for lane in Lane.allCases {
            for sequence in try LogLayout.sequences(of: lane, in: directory, fileSystem) {
                let scan = try SegmentScan(lane, sequence: sequence, directory: directory, fileSystem)
                line(heading(scan))
                let reader = FrameContentReader(lane, fileSystem: fileSystem, directory: directory)
                for frame in scan.frames where detail >= .frames {
                    line(text(frame))
                    guard detail >= .records else { continue }
                    do throws(LogError) {
                        records(try reader.content(of: frame), line)
                    } catch {
                        if error.code == .fileSystem { throw error }
                        line("! \(error)")
                    }
                }
                for finding in scan.findings { line("! \(finding)") }
            }
        }
        try SealedDump.lines(fileSystem, directory, isDetailed: detail >= .records, line)
    }

    private static func heading(_ scan: SegmentScan) -> String {
        guard let header = scan.header else { return "\(scan.path)  \(scan.size) bytes, no readable header" }
        let day = header.lane == .minutes ? ", day \(UTC.date(ofDay: header.day))" : ""
        return "\(scan.path)  \(scan.size) bytes, version \(header.version), from LSN \(header.firstLSN.value)\(day)"
    }

    private static func text(_ frame: FrameLocation) -> String {
        let header = frame.header
        let lsn = header.lastLSN > header.lsn ? "\(header.lsn.value)..\(header.lastLSN.value)" : "\(header.lsn.value)"
        let part = header.parts > 1 ? "  part \(header.part) of \(header.parts)" : ""
        let through = header.through.map { "  through \($0.value)" } ?? ""
        let things = header.kind == .accepted ? "records" : "statistics"
        return "  @\(frame.offset)  \(header.kind)  LSN \(lsn)  \(UTC.minute(header.minute))\(part)\(through)"
            + "  \(header.recordCount) \(things)  \(header.rawLength) → \(header.compressedLength) bytes"
    }

    private static func records(_ content: FrameContent, _ line: (String) -> Void) {
        switch content {
        case .accepted(let batches):
            for batch in batches {
                let process = batch.batch.process.map { "  process \($0)" } ?? ""
                let origin = batch.batch.origin.map { "  cid \($0.client) seq \($0.sequence)" } ?? ""
                line(
                    "    LSN \(batch.lsn.value)  \(UTC.moment(batch.at))  user \(batch.user)"
                        + "  \(batch.batch.partials.count) partials\(process)\(origin)")
                for partial in batch.batch.partials { line("      \(text(partial))") }
            }
        case .minutes(let users):
            for user in users {
                line("    user \(user.user)  \(user.aggregates.count) statistics  \(user.clients.count) clients")
                for partial in user.aggregates { line("      \(text(partial))") }
                for client in user.clients { line("      \(text(client))") }
            }
        case .checkpoint(let at, let users):
            line("    at \(UTC.moment(at))")
            for user in users {
                line("    user \(user.user)  \(user.totals.count) totals  \(user.clients.count) clients")
                for row in user.totals {
                    line(
                        "      \(row.key.kind.symbol) \(row.key.path)  sum \(row.totals.sum)  lst \(row.totals.last)"
                            + "  seen \(UTC.moment(row.totals.seen))\(row.totals.isEmphasised ? "  !" : "")\(since(row.totals))")
                }
                for client in user.clients { line("      \(text(client))") }
            }
        }
    }

    private static func since(_ totals: StatusTotals) -> String { totals.since.map { "  since \(UTC.minute($0))" } ?? "" }

    private static func text(_ partial: Partial) -> String {
        "\(partial.key.kind.symbol) \(partial.key.path)  \(text(partial.aggregate))"
    }

    static func text(_ aggregate: Aggregate) -> String {
        let sketch = aggregate.packedSketch.map { "  skt \($0.bucketCount) buckets" }
        return "sum \(aggregate.sum)  cnt \(aggregate.count)"
            + "  min \(aggregate.min)  max \(aggregate.max)  fst \(aggregate.first)  lst \(aggregate.last)"
            + "  bot \(aggregate.bottom)  top \(aggregate.top)  pct \(aggregate.fraction)\(sketch ?? "")"
            + (aggregate.isApproximate ? "  ~" : "") + (aggregate.isEmphasised ? "  !" : "")
    }

    private static func text(_ client: ClientWindow) -> String {
        "cid \(client.client)  highest \(client.window.highest)  bits \(String(client.window.bits, radix: 16))"
    }
}
