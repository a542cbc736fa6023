import DattssCore

/// Makes names of foreign things fit into paths.
enum StatisticName {
    /// One component of a path: bytes outside `[A-Za-z0-9_:!-]` become `_`, and so does a dot, which would cut it in two.
    static func component(_ name: some StringProtocol) -> String {
        mapped(name) { Name.isNameByte($0) && $0 != UInt8(ascii: ".") }
    }

    /// A whole path: dots stay.
    static func path(_ name: some StringProtocol) -> String {
        String(mapped(name, Name.isNameByte).utf8.prefix(Name.pathBytesMax)) ?? "_"
    }

    /// The path of a mount point as one component: `/` is `root`, `/var/lib` is `var_lib`.
    static func mountPoint(_ path: String) -> String {
        let trimmed = path.drop { $0 == "/" }
        return trimmed.isEmpty ? "root" : component(trimmed)
    }

    private static func mapped(_ name: some StringProtocol, _ isAllowed: (UInt8) -> Bool) -> String {
        name.isEmpty ? "_" : String(decoding: name.utf8.map { isAllowed($0) ? $0 : UInt8(ascii: "_") }, as: UTF8.self)
    }
}
