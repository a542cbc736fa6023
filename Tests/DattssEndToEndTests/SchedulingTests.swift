import Foundation
import NIOCore
import Testing

/// Goal: whoever sends does not wait until somebody else's question has had its slice of the processor.
@Suite struct SchedulingTests {
    /// Linux 6.12 and later let a thread choose the length of its slices, and show it.
    private static let showsSlices = {
        let release = (try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)) ?? ""
        let numbers = release.split(whereSeparator: { !$0.isNumber }).prefix(2).compactMap { Int($0) }
        return numbers.count == 2 && (numbers[0], numbers[1]) >= (6, 12)
            && FileManager.default.fileExists(atPath: "/proc/self/sched")
    }()

    @Test(
        "event loops, and no other threads, take the processor in short slices",
        .enabled(if: showsSlices, "a kernel before 6.12, or one that does not show slices"))
    func slices() async throws {
        let server = RealServer()
        try await server.start()
        let process = await server.processIdentifier
        // It is asked for before the port is open.
        let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")
        let slices = threads.compactMap { thread -> Int? in
            let lines = (try? String(contentsOfFile: "/proc/\(process)/task/\(thread)/sched", encoding: .utf8))?.split(
                separator: "\n")
            return lines?.first { $0.hasPrefix("se.slice") }?.split(separator: " ").last.flatMap { Int($0) }
        }
        #expect(slices.count > System.coreCount)
        #expect(slices.filter { $0 == 100_000 }.count == System.coreCount, "\(slices)")
        try await server.discard()
    }
}
