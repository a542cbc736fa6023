import LibC

/// How many datagrams the kernel dropped because nobody read them in time: the last column of `/proc/net/udp` and
/// `/proc/net/udp6` (see `udp4_seq_show` in the kernel), added up over the sockets of a port.
enum KernelDrops {
    /// - Returns: nil where there is no such file.
    static func read(port: Int) -> Int? {
        let tables = ["/proc/net/udp", "/proc/net/udp6"].compactMap(contents)
        return tables.isEmpty ? nil : tables.reduce(0) { $0 + drops(in: $1, port: port) }
    }

    /// A line is: `sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode ref pointer drops`.
    static func drops(in table: String, port: Int) -> Int {
        table.split(separator: "\n").dropFirst().reduce(0) { total, line in
            let fields = line.split(separator: " ")
            guard fields.count >= 13, let local = fields[1].split(separator: ":").last,
                Int(local, radix: 16) == port, let drops = Int(fields[12])
            else { return total }
            return total + drops
        }
    }

    private static func contents(of path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<count]
        }
    }
}
