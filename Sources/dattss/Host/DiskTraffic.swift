/// What was read from and written to each whole disk since the start: `/proc/diskstats`, see iostats in the kernel's
/// documentation.
struct DiskTraffic: Hashable {
    var readOperations: UInt64
    var readBytes: UInt64
    var writeOperations: UInt64
    var writeBytes: UInt64

    /// The file's sectors are 512 bytes, whatever the disk's are.
    static let sectorBytes: UInt64 = 512

    /// Disks by name: no partitions, for they are counted in their disk; nothing that lives in memory or in another disk's
    /// file; nothing that was never used.
    static func disks(diskstats text: String) -> [String: DiskTraffic] {
        var disks: [String: DiskTraffic] = [:]
        for line in ProcText.lines(text) {
            // major minor name reads merged sectors ms writes merged sectors ms …
            let words = ProcText.words(line)
            guard words.count >= 11, let reads = UInt64(words[3]), let readSectors = UInt64(words[5]),
                let writes = UInt64(words[7]), let writtenSectors = UInt64(words[9]), reads > 0 || writes > 0
            else { continue }
            disks[String(words[2])] = DiskTraffic(
                readOperations: reads, readBytes: readSectors &* sectorBytes, writeOperations: writes,
                writeBytes: writtenSectors &* sectorBytes)
        }
        return disks.filter { name, _ in
            !["loop", "ram", "zram"].contains { name.hasPrefix($0) && name.dropFirst($0.count).allSatisfy(\.isNumber) }
                && !disks.keys.contains { isPartition(name, of: $0) }
        }
    }

    /// `sda1` of `sda`; after a digit with a p between: `nvme0n1p2` of `nvme0n1`.
    static func isPartition(_ name: String, of disk: String) -> Bool {
        guard name.count > disk.count, name.hasPrefix(disk) else { return false }
        var rest = name.dropFirst(disk.count)
        if disk.last?.isNumber == true {
            guard rest.first == "p" else { return false }
            rest = rest.dropFirst()
        }
        return !rest.isEmpty && rest.allSatisfy(\.isNumber)
    }
}
