import CPlatform
import DattssPipeline
import Testing

@Suite struct OwnThreadTests {
    @Test(
        "threads for work that is long and dear give way, and no others do",
        arguments: [(niceness: 0, givesWay: true), (niceness: 5, givesWay: true), (niceness: nil, givesWay: false)]
            as [(niceness: Int32?, givesWay: Bool)])
    func givesWay(niceness: Int32?, givesWay: Bool) async throws {
        let answer: Bool = try await withCheckedThrowingContinuation { continuation in
            do {
                try OwnThread.start(niceness: niceness) { continuation.resume(returning: thread_give_way()) }
            } catch {
                continuation.resume(throwing: error)
            }
        }
        #expect(answer == givesWay)
    }

    @Test("what runs beside them, for example on an event loop, does not")
    func others() async {
        #expect(!thread_give_way())
        let threads = QueryThreads(count: 1, niceness: 0)
        #expect(await withTaskExecutorPreference(threads) { thread_give_way() })
        #expect(!thread_give_way())
    }
}
