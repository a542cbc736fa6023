/// What statistics keep of a minute that is over: how much room they are likely to need in the next one, and what percentiles are told
/// from. Packing the sketches of twenty thousand timers takes longer than an acknowledgement may wait.
public struct MinuteSettlement: Sendable {
    /// By position in the minute's entries.
    let rooms: [MinuteEntry.Room]
    let timers: ClosedTimers
}

extension OpenMinute {
    /// Works out what ``UserState/endClosing(_:)`` needs: of nothing but the minute, so that any thread can do it.
    public func settlement() -> MinuteSettlement {
        let timerCount = entries.count { keys.kind(at: Int($0.id.index)) == .timer }
        var timers = ClosedTimers(minute, timerCapacity: timerCount, byteCapacity: expectedSketchBytes)
        let rooms = entries.indices.map { position in
            let entry = entries[position]
            guard keys.kind(at: Int(entry.id.index)) == .timer else { return entry.room(nil) }
            let timer = entry.forPercentiles(in: memory)
            timers.append(timer, at: position)
            return entry.room(timer.packedSketch)
        }
        return MinuteSettlement(rooms: rooms, timers: timers)
    }
}
