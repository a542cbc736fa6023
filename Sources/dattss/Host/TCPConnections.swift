/// How many TCP connections are in which state: `/proc/net/tcp` and `/proc/net/tcp6`, see proc_pid_net(5).
enum TCPConnections {
    /// By the number that the kernel gives a state, from 1 on (include/net/tcp_states.h).
    static let states = [
        "established", "syn_sent", "syn_received", "fin_wait1", "fin_wait2", "time_wait", "closed", "close_wait", "last_ack",
        "listen", "closing", "syn_received",
    ]

    /// How many there are of every state, those of none included.
    static func counts(_ texts: [String]) -> [String: Int] {
        var counts = Dictionary(states.map { ($0, 0) }) { count, _ in count }
        for line in texts.flatMap(ProcText.lines) {
            // `0: 0100007F:A5B5 00000000:0000 0A …`; the header has no number there.
            let words = ProcText.words(line).prefix(4)
            guard words.count == 4, let number = Int(words[3], radix: 16), states.indices.contains(number - 1) else { continue }
            counts[states[number - 1], default: 0] += 1
        }
        return counts
    }
}
