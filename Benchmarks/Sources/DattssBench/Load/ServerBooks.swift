/// What `/metrics` says about ingest at one moment; the difference of two is what a run did.
struct ServerBooks: Sendable, Equatable {
    var acceptedSamples: Int64 = 0
    var acceptedBatches: Int64 = 0
    /// By reason.
    var refusedBatches: [String: Int64] = [:]
    var datagrams: Int64 = 0
    var lines: Int64 = 0
    var udpSamples: Int64 = 0
    var refusedLines: [String: Int64] = [:]
    var refusedPartials: [String: Int64] = [:]
    var kernelDrops: Int64 = 0
    /// Partials under way between the stages.
    var queued: Int64 = 0
    /// Processor time of the server.
    var cpuSeconds = 0.0

    init() {}

    /// Whether anything but time went by.
    func hasMoved(since earlier: ServerBooks) -> Bool {
        var earlier = earlier
        earlier.cpuSeconds = cpuSeconds
        return self != earlier
    }

    /// - Parameter text: Prometheus' text format.
    init(_ text: String) {
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let space = line.lastIndex(of: " "), let value = Double(line[line.index(after: space)...]) else { continue }
            let name = line[..<space]
            let brace = name.firstIndex(of: "{") ?? name.endIndex
            let label = name[brace...].split(separator: "\"").dropFirst().first.map(String.init) ?? ""
            let count = Int64(exactly: value) ?? 0
            switch name[..<brace] {
            case "dattss_samples_accepted_total": acceptedSamples = count
            case "dattss_batches_accepted_total": acceptedBatches = count
            case "dattss_batches_refused_total": refusedBatches[label] = count
            case "dattss_udp_datagrams_total": datagrams = count
            case "dattss_udp_lines_total": lines = count
            case "dattss_udp_samples_total": udpSamples = count
            case "dattss_udp_lines_refused_total": refusedLines[label] = count
            case "dattss_udp_partials_refused_total": refusedPartials[label] = count
            case "dattss_udp_kernel_drops_total": kernelDrops = count
            case "dattss_link_queued", "dattss_udp_partials_waiting": queued += count
            case "process_cpu_seconds_total": cpuSeconds = value
            default: break
            }
        }
    }

    /// What was added since `earlier`; ``queued`` is that of now.
    func since(_ earlier: ServerBooks) -> ServerBooks {
        var difference = self
        difference.acceptedSamples -= earlier.acceptedSamples
        difference.acceptedBatches -= earlier.acceptedBatches
        difference.datagrams -= earlier.datagrams
        difference.lines -= earlier.lines
        difference.udpSamples -= earlier.udpSamples
        difference.kernelDrops -= earlier.kernelDrops
        difference.cpuSeconds -= earlier.cpuSeconds
        for path in [\ServerBooks.refusedBatches, \.refusedLines, \.refusedPartials] {
            difference[keyPath: path] = self[keyPath: path].merging(earlier[keyPath: path].mapValues { -$0 }, uniquingKeysWith: +)
                .filter { $0.value != 0 }
        }
        return difference
    }
}
