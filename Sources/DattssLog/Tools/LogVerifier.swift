internal import DattssCore

/// Checks everything that is on disk, down to decoding each payload, and writes nothing.
public enum LogVerifier {
    /// What was checked and what was found.
    public struct Summary: Sendable, CustomStringConvertible {
        /// Segments of both lanes.
        public package(set) var segments = 0
        /// What segments and sealed files take.
        public package(set) var bytes = 0
        /// Frames with a readable header.
        public package(set) var frames = 0
        /// Accepted batches that were decoded.
        public package(set) var batches = 0
        /// Minute blocks all of whose parts are there.
        public package(set) var blocks = 0
        /// Checkpoints all of whose parts are there.
        public package(set) var checkpoints = 0
        /// Files of days and hours.
        public package(set) var sealedFiles = 0
        /// In sealed files of minutes.
        public package(set) var sealedPoints = 0
        /// In the order of files and offsets; empty for a log without blemish.
        public package(set) var findings: [Finding] = []

        /// Whether something is lost or damaged. A torn tail is neither: it was never acknowledged as durable.
        public var isSound: Bool { findings.allSatisfy { $0.kind == .tornTail || $0.kind == .duplicate } }

        public var description: String {
            """
            \(segments) segments, \(bytes) bytes, \(frames) frames: \(batches) batches, \(blocks) minute blocks, \
            \(checkpoints) checkpoints; \(sealedFiles) sealed files, \(sealedPoints) sealed minutes: \
            \(isSound ? "sound" : "DAMAGED")
            """
        }
    }

    /// - Parameter directory: the data folder.
    public static func verify(fileSystem: any FileSystem, directory: String) throws(LogError) -> Summary {
        var summary = Summary()
        let rescue = RescuingFileSystem(fileSystem)
        for lane in Lane.allCases {
            let scan = try LaneScan(lane, directory: directory, rescue)
            summary.segments += scan.segments.count
            summary.bytes += scan.segments.reduce(0) { $0 + $1.size }
            var findings = scan.findings
            let reader = FrameContentReader(lane, fileSystem: rescue, directory: directory)
            for frame in scan.segments.flatMap(\.frames) {
                summary.frames += 1
                do throws(LogError) {
                    if case .accepted(let batches) = try reader.content(of: frame) { summary.batches += batches.count }
                } catch {
                    findings.append(try Finding(frame, error, path: reader.path(of: frame)))
                }
            }
            if lane == .minutes {
                let blocks = BlockLocation.all(scan.frames)
                for block in blocks.complete {
                    if block.header.kind == .minutes { summary.blocks += 1 } else { summary.checkpoints += 1 }
                }
                findings += blocks.incomplete.map { part in
                    Finding(
                        .incompleteBlock, file: reader.path(of: part), offset: part.offset,
                        bytes: part.header.frameLength,
                        problem: "part \(part.header.part) of \(part.header.parts), others are missing")
                }
                findings += blocks.duplicates.map { Finding(duplicate: $0, path: reader.path(of: $0)) }
            } else {
                findings += duplicates(scan.frames).map { Finding(duplicate: $0, path: reader.path(of: $0)) }
            }
            summary.findings += findings.sorted { ($0.file, $0.offset) < ($1.file, $1.offset) }
        }
        for step in SealedStep.allCases { try verify(step, rescue, directory, &summary) }
        summary.findings += rescue.findings
        return summary
    }

    private static func verify(
        _ step: SealedStep, _ fileSystem: any FileSystem, _ directory: String, _ summary: inout Summary
    ) throws(LogError) {
        for day in try LogLayout.sealedDays(step, in: directory, fileSystem) {
            let path = LogLayout.path(of: step, day: day, in: directory)
            let (findings, sizes) = try SealedFile.verify(path, fileSystem)
            summary.findings += findings
            summary.sealedFiles += 1
            summary.bytes += try logged { () throws(FileSystemError) in try fileSystem.size(of: path) }
            if step == .minute { summary.sealedPoints += sizes.points }
            guard findings.isEmpty else { continue }
            do throws(LogError) {
                _ = try SealedFile(opening: path, step: step, day: day, fileSystem)
            } catch {
                // Sound, but that of another day.
                summary.findings.append(try Finding(sealedFile: path, error))
            }
        }
    }

    /// Frames of whose records each was in a frame before.
    private static func duplicates(_ frames: [FrameLocation]) -> [FrameLocation] {
        var last = LSN.zero
        return frames.filter { frame in
            defer { last = max(last, frame.header.lastLSN) }
            return frame.header.recordCount > 0 && frame.header.lastLSN <= last
        }
    }
}

extension Finding {
    fileprivate init(duplicate frame: FrameLocation, path: String) {
        self.init(
            .duplicate, file: path, offset: frame.offset, bytes: frame.header.frameLength,
            problem: "LSN \(frame.header.lsn.value) is elsewhere too")
    }
}
