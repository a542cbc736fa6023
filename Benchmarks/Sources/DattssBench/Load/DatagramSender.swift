import CLoadSockets
import DattssServer
import LibC

/// Sends datagrams on a thread of its own, up to a few hundred a system call.
struct DatagramSender: Sendable {
    let stream: LoadStream
    let bundles: Bundles
    let target: HostPort
    /// This sender's number among those of its stream, and how many there are.
    let turn: Int
    let turns: Int
    let tally: SharedTally

    private static let batchMax = 256
    /// A sender that is on time sleeps at least so long: better a few datagrams at once than a system call each.
    private static let restNanoseconds: Int64 = 200_000
    private static let sendBufferBytes: Int32 = 4 << 20

    /// Sends from `start` to `end`, in ``SteadyTime``; blocks the thread.
    func run(from start: Int64, to end: Int64) throws(LoadError) {
        let socket = try LoadSocket(target, .datagram)
        defer { socket.close() }
        socket.setOption(SOL_SOCKET, SO_SNDBUF, Self.sendBufferBytes)
        load_wake_precisely()
        let pace = Pace(intervalNanoseconds: stream.pace.intervalNanoseconds * Double(turns))
        let first = bundles.slotCount * turn / turns
        var sent = 0
        var perSlot = [UInt32](repeating: 0, count: bundles.slotCount <= Tally.countedSlotsMax ? bundles.slotCount : 0)
        var slots: [Int] = []
        var slices: [load_slice] = []
        SteadyTime.sleep(until: start)
        while true {
            let now = SteadyTime.now
            if now >= end { break }
            let due = min(pace.count(dueBy: now - start) - sent, Self.batchMax)
            if due <= 0 {
                SteadyTime.sleep(until: min(end, max(start + pace.due(sent), now + Self.restNanoseconds)))
                continue
            }
            // Every thread begins elsewhere.
            slots.removeAll(keepingCapacity: true)
            for number in (first + sent)..<(first + sent + due) { slots.append(bundles.slot(ofNumber: number)) }
            slices.removeAll(keepingCapacity: true)
            for slot in slots { slices.append(bundles.slices[slot]) }
            let done = try send(slots, slices, over: socket)
            if !perSlot.isEmpty { for slot in slots.prefix(done) { perSlot[slot] += 1 } }
            sent += done
        }
        let behind = pace.isUnlimited ? 0 : pace.count(dueBy: end - start - 1) - sent
        tally.update { tally in
            tally.unsent = max(0, behind)
            tally.perSlot = perSlot
        }
    }

    /// - Returns: how many of them were sent.
    private func send(_ slots: [Int], _ slices: [load_slice], over socket: LoadSocket) throws(LoadError) -> Int {
        let done = bundles.bytes.withUnsafeBufferPointer { bytes in
            Int(load_send_datagrams(socket.descriptor, bytes.baseAddress, slices, Int32(slices.count)))
        }
        let failure = errno
        var amount = Tally.Amount(bundles: done, items: done * bundles.size)
        for slot in slots.prefix(done) { amount.samples += bundles.bundleSamples[bundles.bundle(ofSlot: slot)] }
        tally.update { $0.sent += amount }
        if done == slots.count { return done }
        switch failure {
        case ENOBUFS, EAGAIN, EINTR: SteadyTime.sleep(until: SteadyTime.now + Self.restNanoseconds)
        case ECONNREFUSED: throw LoadError(description: "nobody listens at udp \(target)")
        default: throw LoadError(description: "cannot send to udp \(target): \(String(cString: strerror(failure)))")
        }
        return done
    }
}
