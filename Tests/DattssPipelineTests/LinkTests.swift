import DattssCore
import Testing

@testable import DattssPipeline

/// Goal: what a link has admitted is received, also when it ends while many hand something on, and its books balance.
@Suite("Links")
struct LinkTests {
    @Test("what was admitted while a link ended is received, and nothing else")
    func ends() async {
        for round in 0..<200 {
            let link = Link<Int>("test", capacity: .max)
            let (admitted, received) = await withTaskGroup(of: [Int].self) { senders in
                for sender in 0..<4 { senders.addTask { Self.send(fifty: sender, to: link) } }
                senders.addTask {
                    link.finish()
                    return []
                }
                var received: [Int] = []
                for await item in link.items {
                    _ = link.take()
                    received.append(item.element)
                    link.done(item.weight)
                }
                return (await senders.reduce(into: []) { $0 += $1 }, received)
            }
            let ledger = link.ledger
            #expect(received.sorted() == admitted.sorted(), "round \(round)")
            #expect(ledger.queued == 0 && ledger.offered == ledger.admitted + ledger.refused)
            #expect(!link.signal(0) && link.offer(0, weight: 1) == .closed)
        }
    }

    /// - Returns: what the link has taken of it. (Signals and offers end in the same way.)
    private static func send(fifty sender: Int, to link: Link<Int>) -> [Int] {
        (sender * 50..<sender * 50 + 50).filter { element in
            element.isMultiple(of: 5) ? link.signal(element) : link.offer(element, weight: 1) == .admitted
        }
    }

    @Test("a receiver is told of more only when it is there")
    func more() async {
        let link = Link<Int>("test", capacity: 10)
        for element in 0..<3 { #expect(link.offer(element, weight: 1) == .admitted) }
        var more: [Bool] = []
        for await item in link.items {
            more.append(link.take())
            link.done(item.weight)
            if item.element == 2 { link.finish() }
        }
        #expect(more == [true, true, false])
    }
}
