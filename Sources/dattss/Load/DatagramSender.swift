import CLoadSockets
import DattssServer

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

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
        let first = bundles.cycle * turn / turns
        var sent = 0
        SteadyTime.sleep(until: start)
        while true {
            let now = SteadyTime.now
            if now >= end { break }
            // Somewhere in the cycle: every thread begins elsewhere.
            let position = (first + sent) % bundles.cycle
            let due = min(pace.count(dueBy: now - start) - sent, Self.batchMax, bundles.cycle - position)
            if due <= 0 {
                SteadyTime.sleep(until: min(end, max(start + pace.due(sent), now + Self.restNanoseconds)))
                continue
            }
            sent += try send(position..<(position + due), over: socket)
        }
        let behind = pace.isUnlimited ? 0 : pace.count(dueBy: end - start - 1) - sent
        tally.update { tally in
            tally.unsent = max(0, behind)
            tally.perBundle = Self.timesSent(cycle: bundles.cycle, first: first, sent: sent)
        }
    }

    private func send(_ positions: Range<Int>, over socket: LoadSocket) throws(LoadError) -> Int {
        let done = bundles.bytes.withUnsafeBufferPointer { bytes in
            bundles.slices.withUnsafeBufferPointer { slices in
                // Empty bundles do not exist, so there is a first byte and a first slice.
                Int(
                    load_send_datagrams(
                        socket.descriptor, bytes.baseAddress, slices.baseAddress.map { $0 + positions.lowerBound },
                        Int32(positions.count)))
            }
        }
        let failure = errno
        var amount = Tally.Amount(bundles: done, items: done * bundles.size)
        for position in positions.prefix(done) { amount.samples += bundles.bundleSamples[bundles.bundle(ofNumber: position)] }
        tally.update { $0.sent += amount }
        if done == positions.count { return done }
        switch failure {
        case ENOBUFS, EAGAIN, EINTR: SteadyTime.sleep(until: SteadyTime.now + Self.restNanoseconds)
        case ECONNREFUSED: throw LoadError(description: "nobody listens at udp \(target)")
        default: throw LoadError(description: "cannot send to udp \(target): \(String(cString: strerror(failure)))")
        }
        return done
    }

    /// How often each bundle of the cycle was sent by who began at `first` and went round.
    static func timesSent(cycle: Int, first: Int, sent: Int) -> [UInt32] {
        guard cycle <= Tally.countedBundlesMax else { return [] }
        var times = [UInt32](repeating: UInt32(sent / cycle), count: cycle)
        for offset in 0..<(sent % cycle) { times[(first + offset) % cycle] += 1 }
        return times
    }
}
