/// Where disks are mounted: `/proc/mounts`, see fstab(5).
enum MountPoints {
    /// Mount points of local disks, each disk once, at its shortest path. Network file systems are left out: asking one
    /// whose server is away would hang.
    static func real(mounts text: String) -> [String] {
        var pathOfSource: [Substring: String] = [:]
        for line in ProcText.lines(text) {
            let words = ProcText.words(line)
            guard words.count >= 3 else { continue }
            let (source, path, kind) = (words[0], unescaped(words[1]), words[2])
            guard source.hasPrefix("/dev/") || kind == "zfs", !source.hasPrefix("/dev/loop"),
                !["squashfs", "iso9660", "udf", "devtmpfs"].contains(kind)
            else { continue }
            if let known = pathOfSource[source], known.utf8.count <= path.utf8.count { continue }
            pathOfSource[source] = path
        }
        return pathOfSource.values.sorted()
    }

    /// Blanks and backslashes are written in octal: `\040`.
    static func unescaped(_ word: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(word.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8),
                rest.count >= 3
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
