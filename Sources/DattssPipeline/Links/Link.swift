public import DattssCore
import Synchronization

/// The connection of two stages: an `AsyncStream` that is bounded in partials and keeps books.
///
/// A sender offers and is told at once (``offer(_:weight:)``), or waits for room (``send(_:weight:)``), or keeps room
/// while something else decides (``reserve(_:)``). The receiver iterates over ``items`` and says ``done(_:)`` after each.
/// There is one receiver.
public final class Link<Element: Sendable>: Sendable {
    /// What `/metrics` calls it.
    public let name: String
    let items: AsyncStream<Item>
    private let continuation: AsyncStream<Item>.Continuation
    private let state: Mutex<State>

    struct Item: Sendable {
        let element: Element
        let weight: Int
    }

    private struct State {
        var ledger: LinkLedger
        /// Elements in the stream that the receiver has not taken yet; for a moment less, see ``yield(_:)``.
        var untaken = 0
        /// Elements that are being put into the stream.
        var yielding = 0
        var waiting: [(weight: Int, room: CheckedContinuation<Bool, Never>)] = []
    }

    /// - Parameters:
    ///   - name: see ``name``.
    ///   - capacity: how many partials may be in it.
    public init(_ name: String, capacity: Int) {
        self.name = name
        state = Mutex(State(ledger: LinkLedger(capacity: capacity)))
        // The ledger bounds it: what it refuses is never yielded.
        (items, continuation) = AsyncStream.makeStream(of: Item.self, bufferingPolicy: .unbounded)
    }

    /// The books as they are now.
    public var ledger: LinkLedger { state.withLock { $0.ledger } }

    /// Hands an element on, or says at once why not.
    func offer(_ element: Element, weight: Int) -> LinkLedger.Answer {
        let answer = state.withLock { state in
            let answer = state.ledger.offer(weight)
            if answer == .admitted { state.yielding += 1 }
            return answer
        }
        if answer == .admitted { yield(Item(element: element, weight: weight)) }
        return answer
    }

    /// Hands an element on as soon as there is room.
    /// - Returns: false when the link is closed.
    @discardableResult
    func send(_ element: Element, weight: Int) async -> Bool {
        let isOpen = await withCheckedContinuation { room in
            let answer: Bool? = state.withLock { state in
                if state.ledger.isClosed { return false }
                // Those who wait already come first.
                if state.waiting.isEmpty, state.ledger.hasRoom(for: weight) {
                    _ = state.ledger.reserve(weight)
                    return true
                }
                state.waiting.append((weight, room))
                return nil
            }
            if let answer { room.resume(returning: answer) }
        }
        if isOpen { send(reserved: element, weight: weight) }
        return isOpen
    }

    /// Keeps room for an element, to be followed by ``send(reserved:weight:)`` or ``cancel(reserved:)``.
    func reserve(_ weight: Int) -> LinkLedger.Answer {
        state.withLock { $0.ledger.reserve(weight) }
    }

    func send(reserved element: Element, weight: Int) {
        state.withLock { state in
            state.ledger.commit(weight)
            state.yielding += 1
        }
        yield(Item(element: element, weight: weight))
    }

    func cancel(reserved weight: Int) {
        wake { $0.ledger.cancel(weight) }
    }

    /// Hands on a message that carries no partials: it is always admitted, and stays in order with the others.
    /// - Returns: false when the link is closed.
    @discardableResult
    func signal(_ element: Element) -> Bool {
        let isOpen = state.withLock { state in
            if !state.ledger.isClosed { state.yielding += 1 }
            return !state.ledger.isClosed
        }
        if isOpen { yield(Item(element: element, weight: 0)) }
        return isOpen
    }

    /// Called by the receiver when it takes an item.
    /// - Returns: whether more are there already.
    func take() -> Bool {
        state.withLock { state in
            state.untaken -= 1
            return state.untaken > 0
        }
    }

    /// Called by the receiver when it is done with `weight` partials.
    func done(_ weight: Int) {
        wake { $0.ledger.process(weight) }
    }

    /// Nothing comes after this; what is queued is still received.
    func finish() {
        let waiting = state.withLock { state in
            state.ledger.close()
            if state.yielding == 0 { continuation.finish() }
            defer { state.waiting = [] }
            return state.waiting
        }
        for sender in waiting { sender.room.resume(returning: false) }
    }

    /// Without the lock: this wakes the receiver, whose thread may take the processor from this one at once, if this one is of a lower
    /// priority, and then everybody would wait for the lock until there is time for those who have the least of it.
    private func yield(_ item: Item) {
        continuation.yield(item)
        let isLast = state.withLock { state in
            state.untaken += 1
            state.yielding -= 1
            return state.ledger.isClosed && state.yielding == 0
        }
        if isLast { continuation.finish() }
    }

    /// Changes the books and lets those in who now have room.
    private func wake(_ change: (inout State) -> Void) {
        let admitted = state.withLock { state in
            change(&state)
            var admitted: [CheckedContinuation<Bool, Never>] = []
            while let first = state.waiting.first, state.ledger.hasRoom(for: first.weight) {
                _ = state.ledger.reserve(first.weight)
                admitted.append(first.room)
                state.waiting.removeFirst()
            }
            return admitted
        }
        for room in admitted { room.resume(returning: true) }
    }
}
