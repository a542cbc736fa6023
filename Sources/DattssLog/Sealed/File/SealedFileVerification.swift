internal import DattssCore

/// What is in a sealed file, in bytes.
package struct SealedSizes: Sendable, Hashable {
    package var header = SealedHeader.byteCount
    package var chunks = 0
    package var indexes = 0
    package var activity = 0
    /// Both copies.
    package var directory = 0
    /// Both copies of the footer, and the zeros between copies.
    package var footer = 0
    package var users = 0
    package var statistics = 0
    package var points = 0

    package var total: Int { header + chunks + indexes + activity + directory + footer }

    package init() {}
}

extension SealedFile {
    /// Checks every byte of a sealed file: all CRCs, both copies of the end, that every chunk decodes, that keys and minutes are
    /// sorted, that counts are right, and that nothing lies between the parts.
    ///
    /// - Returns: what is wrong, in the order of offsets; the sizes of what is right.
    package static func verify(
        _ path: String, _ fileSystem: any FileSystem
    ) throws(LogError) -> (findings: [Finding], sizes: SealedSizes) {
        do throws(LogError) {
            let verification = SealedFileVerification(try SealedFile(opening: path, fileSystem))
            try verification.run()
            return (verification.findings.sorted { $0.offset < $1.offset }, verification.sizes)
        } catch {
            return ([try Finding(sealedFile: path, error)], SealedSizes())
        }
    }
}

private final class SealedFileVerification {
    let file: SealedFile
    var sizes = SealedSizes()
    var findings: [Finding] = []
    /// Where the next part has to begin.
    private var offset = SealedHeader.byteCount

    init(_ file: SealedFile) { self.file = file }

    func run() throws(LogError) {
        try checkHeader()
        for user in file.directory.users { try check(user) }
        let footer = file.footer
        if offset != footer.contentEnd { tell(.corruptIndex, offset, footer.contentEnd - offset, "bytes of no user") }
        sizes.users = file.directory.users.count
        let isCounted = (sizes.users, sizes.statistics, sizes.points) == (footer.users, footer.statistics, footer.points)
        if findings.isEmpty, !isCounted {
            tell(
                .corruptIndex, footer.byteCount - SealedFooter.byteCount, SealedFooter.byteCount,
                "counts \(footer.users) users, \(footer.statistics) statistics, \(footer.points) points, but there are "
                    + "\(sizes.users), \(sizes.statistics), \(sizes.points)")
        }
        try checkEnd()
    }

    private func checkHeader() throws(LogError) {
        try checked(.corruptIndex, 0, SealedHeader.byteCount) { () throws(LogError) in
            let header = try SealedHeader(decoding: try file.bytes(at: 0, count: SealedHeader.byteCount))
            guard header == SealedHeader(file.footer.step, day: file.footer.day) else {
                throw LogError(.malformed, expected: "the header of this day", found: "\(header)")
            }
        }
    }

    private func check(_ user: SealedDirectory.User) throws(LogError) {
        var slots = SealedActivity(file.footer.step)
        var last: (key: StatisticKey, slot: Int)?
        for index in user.indexes {
            let entries = try checked(.corruptIndex, index.region.offset, index.region.length) { () throws(LogError) in
                try file.entries(of: index)
            }
            expect(index.region, after: entries?.first?.offset)
            sizes.indexes += index.region.length
            for entry in entries ?? [] {
                if let last, entry.key < last.key || (entry.key == last.key && entry.slots.lowerBound < last.slot) {
                    tell(.corruptIndex, entry.offset, entry.length, "\(entry.key.path) is out of order")
                }
                if entry.key != last?.key { sizes.statistics += 1 }
                last = (entry.key, entry.slots.upperBound)
                try check(entry, &slots)
            }
        }
        let region = user.activity
        let activity = try checked(.corruptIndex, region.offset, region.length) { () throws(LogError) in
            try file.activity(of: user)
        }
        expect(region, after: nil)
        sizes.activity += region.length
        guard var union = activity else { return }
        union.formUnion(slots)
        // More is possible: of chunks that were lost.
        if union != activity { tell(.corruptIndex, region.offset, region.length, "points in minutes that are not active") }
    }

    private func check(_ entry: SealedEntry, _ slots: inout SealedActivity) throws(LogError) {
        sizes.chunks += entry.length
        sizes.points += entry.points
        let points = try checked(.corruptChunk, entry.offset, entry.length) { () throws(LogError) in
            try file.points(of: entry)
        }
        for point in points ?? [] { slots.insert(slot: file.footer.step.slot(of: point.minute)) }
    }

    /// - Parameter start: of the chunks before the region, if any.
    private func expect(_ region: SealedDirectory.Region, after start: Int?) {
        let begin = start ?? region.offset
        // Where an index is unreadable nobody knows where its chunks begin.
        if begin != offset, start != nil || findings.isEmpty {
            tell(.corruptIndex, min(begin, offset), abs(begin - offset), "bytes of no chunk")
        }
        offset = region.offset + region.length
    }

    private func checkEnd() throws(LogError) {
        let footer = file.footer
        let starts = footer.directoryOffsets
        let ends = [footer.byteCount - SealedFooter.tailBytes, footer.byteCount - SealedFooter.byteCount]
        for (number, start) in starts.enumerated() {
            try checked(.corruptIndex, start, footer.directoryLength) { () throws(LogError) in
                let bytes = try file.bytes(at: start, count: footer.directoryLength)
                guard CRC32C.checksum(bytes) == footer.directoryChecksum else {
                    throw LogError(.checksumMismatch, expected: "copy \(number + 1) of the directory", found: "other bytes")
                }
            }
            try checked(.corruptIndex, ends[number], SealedFooter.byteCount) { () throws(LogError) in
                let copy = try SealedFooter(decoding: try file.bytes(at: ends[number], count: SealedFooter.byteCount))
                guard copy == footer else {
                    throw LogError(.malformed, expected: "a copy of the footer", found: "another")
                }
            }
        }
        for start in [starts[0] + footer.directoryLength, ends[0] + SealedFooter.byteCount] {
            let bytes = try file.bytes(at: start, count: SealedFooter.gapBytes)
            if bytes.contains(where: { $0 != 0 }) { tell(.corruptIndex, start, bytes.count, "not zero") }
        }
        sizes.directory = 2 * footer.directoryLength
        sizes.footer = 2 * (SealedFooter.byteCount + SealedFooter.gapBytes)
    }

    // MARK: Telling

    @discardableResult
    private func checked<Value>(
        _ kind: Finding.Kind, _ offset: Int, _ bytes: Int, _ body: () throws(LogError) -> Value
    ) throws(LogError) -> Value? {
        do throws(LogError) {
            return try body()
        } catch {
            if !error.isDamage { throw error }
            tell(kind, offset, bytes, error.description)
            return nil
        }
    }

    private func tell(_ kind: Finding.Kind, _ offset: Int, _ bytes: Int, _ problem: String) {
        findings.append(Finding(kind, file: file.path, offset: offset, bytes: bytes, problem: problem))
    }
}
