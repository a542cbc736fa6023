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
}
