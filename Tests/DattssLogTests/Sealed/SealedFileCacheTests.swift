import DattssCore
import DattssTestSupport
import Testing

@testable import DattssLog

@Suite struct SealedFileCacheTests {
    /// Goal: what was deleted takes no room on the disk because somebody read it once.
    @Test("a file that was replaced or is gone is not held open")
    func letsGo() throws {
        var scene = try SealScene()
        for block in GoldenDay.blocks.prefix(3) { try scene.append(block) }
        let first = try #require(scene.blocks.first)
        try scene.seal(day: first.minute.day)
        let history = scene.history
        let edition = try #require(history.day(first.minute.day)?.minuteFile)
        weak var file: SealedFile? = try history.file(edition)
        #expect(file != nil)
        #expect(try history.file(edition) === file)
        history.replace(.minute, ofDay: first.minute.day, with: nil)
        #expect(file == nil)
    }

    @Test("as many files stay open as are allowed, those that were read from last")
    func bound() throws {
        var scene = try SealScene()
        let days = Set(GoldenDay.blocks.map(\.minute.day)).sorted()
        for block in GoldenDay.blocks { try scene.append(block) }
        for day in days { try scene.seal(day: day) }
        let editions = days.flatMap { [scene.history.day($0)?.minuteFile, scene.history.day($0)?.hourFile].compactMap(\.self) }
        try #require(editions.count >= 2)
        let cache = SealedFileCache(fileSystem: scene.fileSystem, directory: data, filesMax: 1)
        weak var first: SealedFile? = try cache.file(editions[0])
        #expect(try cache.file(editions[0]) === first && first != nil)
        _ = try cache.file(editions[1])
        #expect(first == nil)
    }

    @Test(
        "the files of a year's hours stay open where a process may have many",
        arguments: [(-1, 32), (64, 32), (1024, 128), (4096, 440), (1 << 20, 440)])
    func bounds(descriptors: Int, expected: Int) { #expect(History.openFilesMax(of: descriptors) == expected) }
}
