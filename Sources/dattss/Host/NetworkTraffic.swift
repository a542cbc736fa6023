/// What one network interface received and sent since the start: `/proc/net/dev`, see proc_pid_net(5).
struct NetworkTraffic: Hashable {
    var receivedBytes: UInt64
    var receivedPackets: UInt64
    var receiveErrors: UInt64
    var sentBytes: UInt64
    var sentPackets: UInt64
    var sendErrors: UInt64

    /// Interfaces by name, without the loopback and without those that never carried anything.
    static func interfaces(dev text: String) -> [String: NetworkTraffic] {
        var interfaces: [String: NetworkTraffic] = [:]
        for line in ProcText.lines(text) {
            // `eth0: bytes packets errs drop fifo frame compressed multicast bytes packets errs …`; the two header
            // lines have no colon, and an alias has one in its name.
            guard let colon = line.lastIndex(of: ":") else { continue }
            let name = ProcText.words(line[..<colon]).first.map { String($0) } ?? ""
            let numbers = ProcText.words(line[line.index(after: colon)...]).compactMap { UInt64($0) }
            guard !name.isEmpty, name != "lo", numbers.count >= 11, numbers[1] > 0 || numbers[9] > 0 else { continue }
            interfaces[name] = NetworkTraffic(
                receivedBytes: numbers[0], receivedPackets: numbers[1], receiveErrors: numbers[2], sentBytes: numbers[8],
                sentPackets: numbers[9], sendErrors: numbers[10])
        }
        return interfaces
    }
}
