/// The slots of which nothing is said, because the server may not have listened in them.
///
/// Whoever looks late does not know why: the machine may have slept, the clock may have been set, or the processor was busy with
/// something else while everything was heard. What was heard tells them apart:
///
///     slots       1 2 3 4 5 6 7 8 9 …       late: nobody looked in them
///     heard       x x x . . . . x x …
///     quiet               └───────────►     until the sixty seconds that a look is about have been heard again
public struct AlertPauses: Sendable {
    /// In these slots, oldest first.
    private var quiet: [Range<Int64>] = []
    /// The slots that are looked at late, oldest first; those of which all was found are forgotten.
    private var late: [Range<Int64>] = []
    /// How many slots up to the last one nothing was heard in, of those that were looked at late.
    private var unheard: Int64 = 0
    private var wasQuiet = false

    /// So many slots without anything are nothing: those who send every five seconds are sometimes late.
    public static let shortSlots: Int64 = 2

    /// No pause so far.
    public init() {}

    /// Nothing is said before a slot.
    public init(quietUntil slot: Int64) { quiet = [.min..<slot] }

    /// Nobody looked in these slots until now.
    public mutating func beLate(_ slots: Range<Int64>) { late.append(slots) }

    private func isLate(_ slot: Int64) -> Bool { late.contains { $0.contains(slot) } }

    /// Takes in what was found of slots, in their order, before they are looked at.
    /// - Parameter next: the first slot that was not looked at; what is missing between it and the views was not heard.
    public mutating func add(_ views: [SlotView], from next: Int64) {
        quiet.removeAll { $0.upperBound <= next }
        late.removeAll { $0.upperBound <= next }
        var first = next
        for view in views where view.slot >= next {
            unheard = isLate(first) || isLate(view.slot) ? unheard + view.slot - first : 0
            if view.isHeard || !isLate(view.slot) {
                end(at: view.slot)
                unheard = 0
            } else {
                unheard += 1
                end(at: view.slot + 1)
            }
            first = view.slot + 1
        }
    }

    /// Makes what was not heard up to a slot a pause, if it is long enough for one.
    private mutating func end(at slot: Int64) {
        guard unheard > Self.shortSlots else { return }
        let pause = (slot - unheard)..<(slot + Window.slotCount)
        if let last = quiet.last, last.upperBound >= pause.lowerBound {
            quiet[quiet.count - 1] = min(last.lowerBound, pause.lowerBound)..<max(last.upperBound, pause.upperBound)
        } else {
            quiet.append(pause)
        }
    }

    /// Whether nothing is said of a slot.
    public mutating func isQuiet(_ slot: Int64) -> Bool {
        let isQuiet = quiet.contains { $0.contains(slot) }
        if isQuiet { wasQuiet = true }
        return isQuiet
    }

    /// Whether something is said again for the first time since a pause.
    public mutating func hasEnded(by slot: Int64) -> Bool {
        defer { wasQuiet = false }
        return wasQuiet
    }
}
