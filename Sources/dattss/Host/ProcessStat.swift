/// One process, of `/proc/PID/stat`: see proc_pid_stat(5).
struct ProcessStat: Hashable {
    /// The first 15 bytes of the program's name.
    var name: String
    /// Processor time of all its threads, in ticks.
    var ticks: UInt64
    /// When it began, in ticks since the machine did.
    var start: UInt64
    /// What of it is in memory, in pages.
    var residentPages: UInt64

    static let nameBytesMax = 15

    init(name: String, ticks: UInt64, start: UInt64, residentPages: UInt64) {
        (self.name, self.ticks, self.start, self.residentPages) = (name, ticks, start, residentPages)
    }

    /// - Returns: nil for a text that has less than these fields. The name stands in brackets, and may contain any.
    init?(stat text: String) {
        guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")"), open < close else { return nil }
        // From the third field on.
        let fields = ProcText.words(text[text.index(after: close)...].prefix { $0 != "\n" })
        guard fields.count >= 22, let user = UInt64(fields[11]), let system = UInt64(fields[12]), let start = UInt64(fields[19]),
            let resident = UInt64(fields[21])
        else { return nil }
        self.init(
            name: String(text[text.index(after: open)..<close]), ticks: user &+ system, start: start, residentPages: resident)
    }
}
