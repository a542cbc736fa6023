/// How an instance is kept: as a line of fields, so that a restart goes on where it was.
extension AlertInstance {
    /// All that is known, as text.
    public var text: String {
        let flags = [isAnnounced, isAcknowledged, isSilenced, isFlapping].map { $0 ? "1" : "0" }.joined()
        let value = value.map { "\($0)" } ?? "-"
        let edges = edges.map { "\($0)" }.joined(separator: ",")
        return "1 \(phase.rawValue) \(since) \(slot) \(dataSlot) \(value) \(edge) \(toldSlot) \(changedSlot) \(flags) \(edges)"
    }

    /// The instance that ``text`` says; nil for anything else.
    public init?(text: some StringProtocol) {
        let fields = text.split(separator: " ", omittingEmptySubsequences: false)
        guard fields.count == 11, fields[0] == "1", let phase = Phase(rawValue: String(fields[1])), let since = Int64(fields[2]),
            let slot = Int64(fields[3]), let dataSlot = Int64(fields[4]), let edge = Int64(fields[6]), let told = Int64(fields[7]),
            let changed = Int64(fields[8]), fields[9].utf8.count == 4
        else { return nil }
        let flags = fields[9].map { $0 == "1" }
        self.init(
            phase: phase, since: since, slot: slot, dataSlot: dataSlot, value: Double(fields[5]), edge: edge, toldSlot: told,
            changedSlot: changed, flags: flags, edges: fields[10].split(separator: ",").compactMap { Int64($0) })
    }

    /// The clock was set back: what was some slots ago is as many slots ago by what it shows now. What goes on keeps its name.
    mutating func move(bySlots delta: Int64) {
        since += delta
        slot += delta
        dataSlot += delta
        toldSlot += delta
        changedSlot += delta
        edges = edges.map { $0 + delta }
    }

    /// After a start: everything before a slot was looked at.
    mutating func resume(at slot: Int64) {
        self.slot = Swift.max(self.slot, slot - 1)
        dataSlot = Swift.max(dataSlot, slot)
    }
}
