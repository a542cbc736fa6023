/// The fields of the kernel's text files: lines of words between blanks.
enum ProcText {
    static func lines(_ text: String) -> [Substring] {
        text.split(separator: "\n")
    }

    static func words(_ line: Substring) -> [Substring] {
        line.split { $0 == " " || $0 == "\t" }
    }
}

extension UInt64 {
    /// How far a counter that the kernel only ever increases has come since `earlier`; 0 where it began anew.
    func increase(since earlier: UInt64) -> Double {
        self >= earlier ? Double(self - earlier) : 0
    }
}
