internal import DattssCore

/// Where an aggregate on its way from a block to a chunk comes from; in front of it in a ``RowBuffer`` and a ``RowSpill``:
///
///     slot · 4 + isNewInHours · 2 + isNewInMinutes (varint) │ see ``StoredAggregate``
///
/// All rows of a block have the same. These bytes live for one sealing only; a spilled section of them is checksummed.
struct SealOrigin {
    /// The minute of the day.
    var slot: Int
    /// Whether the sealed file of minutes, and that of hours, does not contain it yet.
    var isNewInMinutes: Bool
    var isNewInHours: Bool

    init(slot: Int, isNewInMinutes: Bool, isNewInHours: Bool) {
        (self.slot, self.isNewInMinutes, self.isNewInHours) = (slot, isNewInMinutes, isNewInHours)
    }

    init(code: UInt64) {
        self.init(slot: Int(truncatingIfNeeded: code >> 2), isNewInMinutes: code & 1 != 0, isNewInHours: code & 2 != 0)
    }

    var code: UInt64 { UInt64(slot) << 2 | (isNewInHours ? 2 : 0) | (isNewInMinutes ? 1 : 0) }
}

extension ByteReader {
    /// Reads the next row of a statistic.
    /// - Parameter point: becomes what the row says. (One for all rows: to hand out points is to copy them.)
    mutating func row(into point: inout HistorySlice.Point, day: Int64) throws(LogError) -> SealOrigin {
        let origin = SealOrigin(code: try varint("origin of a row") & 0xFFFF)
        try StoredAggregate(&self).fill(&point.aggregate)
        point.minute = SealedStep.minute.minute(ofSlot: origin.slot, day: day)
        return origin
    }
}
