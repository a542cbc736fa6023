internal import DattssCore

/// What there is of each UTC day: at most one sealed file of minutes, one of hours, and the frames of the minute lane.
///
/// Days are sorted. Within a day frames are sorted by minute, then by LSN.
struct HistoryIndex {
    private(set) var days: [HistoryDay] = []
    private var known: Set<LSN> = []
    private var framesOfSegment: [UInt64: Int] = [:]
    private var nextGeneration = 1

    var frameCount: Int { known.count }

    var minutes: ClosedRange<Minute>? {
        let bounds = days.compactMap(\.minutes)
        guard let first = bounds.first, let last = bounds.last else { return nil }
        return first.lowerBound...last.upperBound
    }

    func day(_ day: Int64) -> HistoryDay? {
        let position = days.firstPosition { $0.day >= day }
        return position < days.count && days[position].day == day ? days[position] : nil
    }

    func days(in minutes: Range<Minute>) -> [HistoryDay] {
        guard !minutes.isEmpty else { return [] }
        let start = days.firstPosition { $0.day >= minutes.lowerBound.day }
        let end = days.firstPosition { $0.day > minutes.upperBound.advanced(by: -1).day }
        return Array(days[start..<end])
    }

    func contains(_ frame: FrameLocation) -> Bool {
        day(frame.header.minute.day)?.contains(frame) ?? false
    }

    func frames(ofSegment sequence: UInt64) -> [FrameLocation] {
        guard framesOfSegment[sequence] != nil else { return [] }
        return days.flatMap { $0.frames.filter { $0.segment == sequence } }
    }

    mutating func insert(_ frame: FrameLocation) {
        guard known.insert(frame.header.lsn).inserted else { return }
        framesOfSegment[frame.segment, default: 0] += 1
        change(frame.header.minute.day) { $0.insert(frame) }
    }

    mutating func remove(segment sequence: UInt64) {
        guard framesOfSegment.removeValue(forKey: sequence) != nil else { return }
        for position in days.indices {
            for frame in days[position].frames where frame.segment == sequence { known.remove(frame.header.lsn) }
            days[position].remove(segment: sequence)
        }
        days.removeAll(where: \.isEmpty)
    }

    /// - Parameter footer: nil when there is no such file any more.
    mutating func replace(_ step: SealedStep, ofDay day: Int64, with footer: SealedFooter?) {
        let sealed = footer.map { SealedEdition(footer: $0, generation: nextGeneration) }
        nextGeneration += 1
        change(day) { day in
            switch step {
            case .minute: day.minuteFile = sealed
            case .hour: day.hourFile = sealed
            }
        }
    }

    private mutating func change(_ number: Int64, _ body: (inout HistoryDay) -> Void) {
        let position = days.firstPosition { $0.day >= number }
        if position == days.count || days[position].day != number { days.insert(HistoryDay(day: number), at: position) }
        body(&days[position])
        if days[position].isEmpty { days.remove(at: position) }
    }
}

/// One of the files that were, one after the other, the sealed file of a day.
struct SealedEdition: Hashable {
    var footer: SealedFooter
    /// Grows with every change of the index, so that a reader sees that its file was replaced.
    var generation: Int
}

struct HistoryDay {
    let day: Int64
    var minuteFile: SealedEdition?
    var hourFile: SealedEdition?
    private(set) var frames: [FrameLocation] = []
    /// The largest of any frame.
    private(set) var lastLSN = LSN.zero

    init(day: Int64) { self.day = day }

    var isEmpty: Bool { frames.isEmpty && minuteFile == nil && hourFile == nil }

    /// The minutes of the frames; with a sealed file, the whole day.
    var minutes: ClosedRange<Minute>? {
        let first = SealedStep.origin(ofDay: day)
        if minuteFile != nil || hourFile != nil { return first...first.advanced(by: Minute.perDay - 1) }
        guard let first = frames.first, let last = frames.last else { return nil }
        return first.header.minute...last.header.minute
    }

    /// The LSN up to which frames are contained in files, for a user who is in neither or in the one of minutes.
    var covered: LSN { minuteFile?.footer.covered ?? hourFile?.footer.covered ?? .zero }

    /// Whether a frame is contained in everything that is to contain it. Hours without minutes are what is left of an old day.
    func isSealed(through lsn: LSN) -> Bool {
        guard let hourFile, hourFile.footer.covered >= lsn else { return false }
        return minuteFile.map { $0.footer.covered >= lsn } ?? true
    }

    func frames(in minutes: Range<Minute>, after covered: LSN, through: LSN?) -> [FrameLocation] {
        guard lastLSN > covered else { return [] }
        let start = frames.firstPosition { $0.header.minute >= minutes.lowerBound }
        let end = frames.firstPosition { $0.header.minute >= minutes.upperBound }
        return frames[start..<max(start, end)].filter { frame in
            guard frame.header.lsn > covered else { return false }
            guard let through, let own = frame.header.through else { return true }
            return own <= through
        }
    }

    func contains(_ frame: FrameLocation) -> Bool {
        let position = frames.firstPosition { !$0.precedes(frame) }
        return position < frames.count && frames[position] == frame
    }

    fileprivate mutating func insert(_ frame: FrameLocation) {
        frames.insert(frame, at: frames.firstPosition { !$0.precedes(frame) })
        lastLSN = max(lastLSN, frame.header.lsn)
    }

    fileprivate mutating func remove(segment: UInt64) {
        frames.removeAll { $0.segment == segment }
        lastLSN = frames.reduce(.zero) { max($0, $1.header.lsn) }
    }
}

extension FrameLocation {
    fileprivate func precedes(_ other: FrameLocation) -> Bool {
        (header.minute, header.lsn) < (other.header.minute, other.header.lsn)
    }
}
