import CZlib
import LibC
import Testing

@testable import DattssImport
@testable import dattss

@Suite struct LineFileTests {
    /// A file that is there while `body` runs.
    private func withFile<Result>(_ bytes: [UInt8], _ body: (String) throws -> Result) throws -> Result {
        var template = Array("/tmp/dattss-lines-XXXXXX".utf8CString)
        let file = mkstemp(&template)
        try #require(file >= 0)
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { unlink(path) }
        try #require(write(file, bytes, bytes.count) == bytes.count)
        close(file)
        return try body(path)
    }

    private func lines(_ path: String) throws -> [String] {
        var lines: [String] = []
        try LineFile(path).forEachLine { lines.append(String(decoding: $0, as: UTF8.self)) }
        return lines
    }

    private func compressed(_ bytes: [UInt8]) throws -> [UInt8] {
        try withFile([]) { path in
            let file = gzopen(path, "wb")
            _ = gzwrite(file, bytes, UInt32(bytes.count))
            gzclose(file)
            return try #require(KernelBytes.read(path))
        }
    }

    private enum KernelBytes {
        static func read(_ path: String) -> [UInt8]? {
            guard let file = fopen(path, "rb") else { return nil }
            defer { fclose(file) }
            var bytes = [UInt8](repeating: 0, count: 4 << 20)
            bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, file))
            return bytes
        }
    }

    @Test(
        "lines end at a line feed, a return, or both; the last one needs none",
        arguments: [
            ("", []), ("a", ["a"]), ("a\n", ["a"]), ("a\r\nb", ["a", "b"]), ("\n\n", ["", ""]), ("a\n\nb\n", ["a", "", "b"]),
            ("a\rb", ["a", "b"]), ("a\r", ["a"]), ("a\rb\r\nc\nd\r", ["a", "b", "c", "d"]), ("a\r\rb", ["a", "", "b"]),
            ("a\n\rb", ["a", "", "b"]), ("\r\n\r\n", ["", ""]), ("a\r\n\nb", ["a", "", "b"]), ("\r", [""]),
        ] as [(String, [String])])
    func ends(text: String, expected: [String]) throws {
        #expect(try withFile(Array(text.utf8), lines) == expected)
        // The same, wherever one block ends and the next begins.
        for size in 1...max(1, text.utf8.count) {
            var splitter = LineSplitter(lineBytesMax: 100)
            var found: [String] = []
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                Array(rest.prefix(size)).withUnsafeBufferPointer { block in
                    splitter.add(block) { found.append(String(decoding: $0, as: UTF8.self)) }
                }
                splitter.add(UnsafeBufferPointer(start: nil, count: 0)) { _ in found.append("a line of nothing") }
                rest = rest.dropFirst(size)
            }
            splitter.end { found.append(String(decoding: $0, as: UTF8.self)) }
            #expect(found == expected, "blocks of \(size)")
        }
    }

    @Test("a byte order mark belongs to no line, and only the first is one")
    func mark() throws {
        #expect(try withFile([0xEF, 0xBB, 0xBF] + Array("1,2\n3,4".utf8), lines) == ["1,2", "3,4"])
        #expect(try withFile(compressed([0xEF, 0xBB, 0xBF] + Array("a\n".utf8)), lines) == ["a"])
        #expect(try withFile([0xEF, 0xBB, 0xBF], lines) == [])
        #expect(try withFile(Array("a\n".utf8) + [0xEF, 0xBB, 0xBF], lines) == ["a", "\u{FEFF}"])
    }

    @Test(
        "what is not UTF-8 is refused by its name, with a mark or without",
        arguments: [
            ("UTF-16", [0xFF, 0xFE, 0x31, 0, 0x2C, 0]), ("UTF-16", [0xFE, 0xFF, 0, 0x31, 0, 0x2C]),
            ("UTF-16", [0x31, 0, 0x2C, 0]), ("UTF-16", [0, 0x31, 0, 0x2C]), ("UTF-32", [0xFF, 0xFE, 0, 0, 0x31, 0, 0, 0]),
            ("UTF-32", [0, 0, 0xFE, 0xFF, 0, 0, 0, 0x31]),
        ] as [(String, [UInt8])])
    func wide(name: String, bytes: [UInt8]) throws {
        try withFile(bytes) { path in
            let error = #expect(throws: LineFileError.self) { try lines(path) }
            #expect(error?.problem.hasPrefix("is \(name), expected UTF-8") == true)
        }
    }

    @Test("gzip is told by its content, and several members are one text")
    func gzip() throws {
        let two = try compressed(Array("a\nb".utf8)) + compressed(Array("c\nd\n".utf8))
        #expect(try withFile(two, lines) == ["a", "bc", "d"])
    }

    @Test("lines that lie across blocks stay whole", arguments: [false, true])
    func blocks(isCompressed: Bool) throws {
        let expected = (0..<20_000).map { "line \($0) \(String(repeating: "x", count: $0 % 97))" }
        let text = Array(expected.joined(separator: "\n").utf8)
        #expect(try withFile(isCompressed ? compressed(text) : text, lines) == expected)
    }

    @Test("a line without end takes no more memory than its bound")
    func longLine() throws {
        let text = [UInt8](repeating: UInt8(ascii: "x"), count: 3 << 20) + Array("\nb".utf8)
        let found = try withFile(text, lines)
        #expect(found.map(\.utf8.count) == [LineFile.lineBytesMax, 1])
    }

    @Test("damaged and cut gzip is an error, not an end")
    func damaged() throws {
        var random = SystemRandomNumberGenerator()
        let bytes = try compressed((0..<100_000).map { _ in UInt8.random(in: 0...255, using: &random) })
        #expect(throws: LineFileError.self) { try withFile(Array(bytes.dropLast(100)), lines) }
        var flipped = bytes
        flipped[flipped.count - 6] ^= 1
        #expect(throws: LineFileError.self) { try withFile(flipped, lines) }
    }

    @Test("a file that is not there and a folder are named")
    func missing() {
        #expect(throws: LineFileError(path: "/nowhere/x", problem: "No such file or directory", systemError: ENOENT)) {
            try lines("/nowhere/x")
        }
        #expect(throws: LineFileError(path: "/tmp", problem: "is a folder", systemError: EISDIR)) { try lines("/tmp") }
    }
}
