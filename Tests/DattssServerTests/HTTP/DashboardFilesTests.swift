import DattssCore
import Foundation
import NIOCore
import Testing

@testable import DattssServer

@Suite("Dashboard files")
struct DashboardFilesTests {
    private let files = DashboardFiles(plotDirectory: "/nowhere")

    /// Goal: a module that is added to a page and forgotten here is noticed before a browser misses it.
    @Test("are all that a page or a script names")
    func complete() throws {
        let texts = [files.page, files.account, files.shared] + files.assets.values
        var named: Set<String> = []
        for text in texts {
            let text = String(buffer: text.plain)
            for match in text.matches(of: #/(?:\/assets\/|(?:from|import\() ?'\.\/)([a-z.-]+)/#) { named.insert(String(match.1)) }
        }
        #expect(named.count > 15)
        #expect(named.subtracting(files.assets.keys) == [DashboardFiles.plotLibrary])
        // And nothing is carried along that nobody names.
        #expect(Set(files.assets.keys).subtracting(named).isEmpty)
    }

    @Test("are those of their folder, to the byte")
    func folder() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../Sources/DattssServer/Dashboard").standardizedFileURL
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        let carried = Resources.dashboard
        #expect(Set(carried.keys) == Set(names))
        for name in names {
            #expect(try Data(contentsOf: folder.appending(path: name)) == carried[name].map { Data($0) }, "\(name)")
        }
    }

    @Test("are packed so that they unpack to the same bytes")
    func packed() throws {
        for file in [files.page, files.account] + files.assets.values {
            let packed = try #require(file.packed)
            let unpacked = try packed.withUnsafeReadableBytes {
                try BodyDecompressor().decode($0, .gzip, upTo: 1 << 20)
            }
            #expect(unpacked == Array(buffer: file.plain))
        }
    }

    @Test("have a tag that changes with a byte")
    func tags() {
        let tags = [[UInt8]("a".utf8), [UInt8]("b".utf8)].map { DashboardFiles.File($0, type: "text/plain").tag }
        #expect(Set(tags).count == 2)
        #expect(tags.allSatisfy { $0.hasPrefix("\"") && $0.hasSuffix("\"") })
    }

    @Test("have no style and no script of their own in a page, which its policy would refuse")
    func inline() {
        for page in [files.page, files.account] {
            let text = String(buffer: page.plain)
            #expect(!text.contains(#/<style|\sstyle=|\son[a-z]+=|<script(?![^>]*src=)/#))
        }
    }

    @Test(
        "are sent packed to those who accept that",
        arguments: [
            ("gzip", true), ("gzip, deflate, br", true), ("br;q=1, GZIP;q=0.5", true), ("gzip;q=0", false),
            ("gzip; q=0.000", false), ("identity", false), ("x-gzip", false), ("", false),
        ])
    func accepting(header: String, expected: Bool) {
        #expect(Routes.accepts("gzip", header) == expected)
    }

    @Test("include the plot library when it is installed, and tell when it is not")
    func plotLibrary() throws {
        #expect(!files.hasPlotLibrary)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dygraphs-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data("plot()".utf8).write(to: folder.appendingPathComponent(DashboardFiles.plotLibrary))
        let files = DashboardFiles(plotDirectory: folder.path)
        #expect(files.hasPlotLibrary)
        #expect(files.assets[DashboardFiles.plotLibrary].map { String(buffer: $0.plain) } == "plot()")
    }
}
