/// Whether groups of one event loop are on their way to the log and back.
///
///     turn ──► first group ────────► answered
///     turn ──►     gathers … gathers … ──► second group ────────► answered
///
/// While one is, the next one gathers: what could be written no earlier goes in one piece, however many turns of the loop it came in, and
/// is answered in one. A group that comes alone waits for nothing.
struct GroupFlight {
    /// More than one only when a group was full before the one before it was answered.
    private var underWayCount = 0

    var isOver: Bool { underWayCount == 0 }

    mutating func begin() { underWayCount += 1 }

    mutating func end() { underWayCount -= 1 }
}
