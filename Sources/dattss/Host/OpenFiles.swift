/// How many files are open on the whole machine: `/proc/sys/fs/file-nr`, see proc_sys_fs(5).
enum OpenFiles {
    /// - Returns: what is allocated less what is free of it.
    static func count(fileNr text: String) -> UInt64? {
        let numbers = ProcText.words(text[...].prefix { $0 != "\n" }).compactMap { UInt64($0) }
        guard numbers.count == 3 else { return nil }
        return numbers[0] >= numbers[1] ? numbers[0] - numbers[1] : 0
    }
}
