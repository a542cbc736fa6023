public import DattssCore

/// The batches of the accepted lane in the order of their LSNs, each once, however often its frame was copied.
///
/// Writes nothing, so it may read a folder that somebody else owns. A frame that cannot be read is left out and told in
/// ``findings``; one frame is in memory at a time.
///
///     let reader = try AcceptedLaneReader(fileSystem: POSIXFileSystem(), directory: "data")
///     while let batch = try reader.next() { … }
public final class AcceptedLaneReader {
    private let reader: FrameContentReader
    private var frames: ArraySlice<FrameLocation>
    private var batches: ArraySlice<AcceptedBatch> = []
    private var last = LSN.zero
    /// What could not be read so far.
    public private(set) var findings: [Finding]

    /// - Parameter directory: the data folder.
    public init(fileSystem: any FileSystem, directory: String) throws(LogError) {
        let scan = try LaneScan(.accepted, directory: directory, fileSystem)
        reader = FrameContentReader(.accepted, fileSystem: fileSystem, directory: directory)
        frames = scan.frames[...]
        findings = scan.findings
    }

    /// nil after the last one.
    public func next() throws(LogError) -> AcceptedBatch? {
        while true {
            while let batch = batches.popFirst() {
                guard batch.lsn > last else { continue }
                last = batch.lsn
                return batch
            }
            guard let frame = frames.popFirst() else { return nil }
            if frame.header.lastLSN <= last { continue }
            do throws(LogError) {
                if case .accepted(let read) = try reader.content(of: frame) { batches = read[...] }
            } catch {
                findings.append(try Finding(frame, error, path: reader.path(of: frame)))
            }
        }
    }
}
