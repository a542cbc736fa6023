import DattssCore
import DattssLog
import DattssTestSupport
import Foundation
import Logging
import Synchronization
import Testing

@testable import DattssServer

/// Goal: what was acknowledged of the accounts the next owner has before it serves anybody, one that was replaced changes nothing any
/// more, and nobody is told what is not certain.
@Suite("Accounts of a cluster", .serialized)
struct AccountReplicaTests {
    private let root = FileManager.default.temporaryDirectory.appendingPathComponent("dattss-replica-\(UUID())").path
    private let logger = Logger(label: "test")

    /// A server as far as its accounts go.
    private final class Node: Sendable {
        let accounts: Accounts
        let replica: AccountReplica
        let folder: String
        let depositions: Mutex<[String]>

        init(_ accounts: Accounts, _ replica: AccountReplica, _ folder: String, _ depositions: Depositions) {
            (self.accounts, self.replica, self.folder) = (accounts, replica, folder)
            self.depositions = Mutex([])
            depositions.node.withLock { $0 = self }
        }
    }

    private final class Depositions: Sendable {
        let node = Mutex<Node?>(nil)
        func note(_ problem: String) { node.withLock { $0?.depositions.withLock { $0.append(problem) } } }
    }

    private func folder(_ name: String, secret: Character = "a") throws -> String {
        let path = "\(root)/\(name)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try (String(repeating: secret, count: 64) + "\n").write(toFile: path + "/secret", atomically: true, encoding: .utf8)
        return path
    }

    private func start(
        _ name: String, on engine: SimulatedEngine, secret: Character = "a", mayBegin: Bool = true,
        patienceMilliseconds: Int = 60_000
    ) async throws -> Node {
        let path = try folder(name, secret: secret)
        let writer = try await ReplicatedAccounts(stream: engine, directory: path, logger: logger)
            .takeOver(node: name) { mayBegin }
        let accounts = try Accounts(directory: path)
        let fingerprint = ReplicatedAccounts.fingerprint(of: try #require(try SecretFile.read(path + "/secret")))
        let (depositions, confirmed) = (Depositions(), ConfirmedChanges(directory: path))
        let replica = AccountReplica(
            engine, writer, fingerprint: fingerprint, patienceMilliseconds: patienceMilliseconds,
            onDeposed: { depositions.note($0) }
        ) { confirmed.note($0.changeCounter) }
        let node = Node(accounts, replica, path, depositions)
        try await accounts.run { try $0.replicate(to: replica) }
        return node
    }

    private func discard() { try? FileManager.default.removeItem(atPath: root) }

    private func user(_ number: Int) -> UserID { UserID("user\(number)")! }

    private func add(_ number: Int, to node: Node) async throws {
        let user = user(number)
        try await node.accounts.run { try $0.add(user, at: Timestamp(seconds: 1)) }
    }

    @Test("whoever takes over has every user that was acknowledged, with the same key, whatever the engine does", arguments: 1...12)
    func takeovers(seed: Int) async throws {
        defer { discard() }
        let engine = SimulatedEngine(seed: UInt64(seed))
        var keys: [Int: String] = [:]
        var former: [Node] = []
        for turn in 0..<4 {
            let node = try await start("node\(turn % 3)-\(turn)", on: engine)
            for (number, key) in keys { #expect(node.accounts.key(of: user(number)) == key, "seed \(seed), user \(number)") }
            for number in turn * 10..<turn * 10 + 5 {
                try await add(number, to: node)
                keys[number] = node.accounts.key(of: user(number))
            }
            // Those that were replaced change nothing.
            for (index, old) in former.enumerated() {
                await #expect(throws: AccountError.self) { try await add(1000 + turn * 10 + index, to: old) }
            }
            former.append(node)
        }
        #expect(keys.count == 20 && engine.faults.unanswered > 0)
    }

    @Test("one that was replaced rolls back what it is asked, and says so once")
    func deposed() async throws {
        defer { discard() }
        let engine = SimulatedEngine(seed: 1, isCalm: true)
        let first = try await start("first", on: engine)
        try await add(1, to: first)
        let second = try await start("second", on: engine)
        for number in 2...3 {
            let error = await #expect(throws: AccountError.self) { try await add(number, to: first) }
            #expect(error?.code == .unavailable)
            #expect(first.accounts.key(of: user(number)) == nil)
        }
        #expect(first.depositions.withLock { $0.count } == 1 && second.depositions.withLock { $0.isEmpty })
        try await add(2, to: second)
        #expect(second.accounts.key(of: user(1)) != nil)
    }

    @Test("one that is asked nothing notices all the same that it was replaced, and one that was not notices nothing")
    func watching() async throws {
        defer { discard() }
        let engine = SimulatedEngine(seed: 1, isCalm: true)
        let first = try await start("first", on: engine)
        await first.replica.watch()
        #expect(first.depositions.withLock { $0.isEmpty })
        let second = try await start("second", on: engine)
        await first.replica.watch()
        await second.replica.watch()
        #expect(first.depositions.withLock { $0.count } == 1 && second.depositions.withLock { $0.isEmpty })
    }

    @Test(
        "while the engine is away a change is said to be uncertain, further ones are refused, and it counts when the engine is back"
    )
    func away() async throws {
        defer { discard() }
        let engine = SimulatedEngine(seed: 1, isCalm: true)
        let first = try await start("first", on: engine, patienceMilliseconds: 3000)
        engine.setAway(true)
        var error = await #expect(throws: AccountError.self) { try await add(1, to: first) }
        #expect(error?.code == .unconfirmed)
        error = await #expect(throws: AccountError.self) { try await add(2, to: first) }
        #expect(error?.code == .unavailable)
        engine.setAway(false)
        #expect(try await eventually { first.replica.isReady })
        try await add(3, to: first)
        let second = try await start("second", on: engine)
        #expect([1, 2, 3].map { second.accounts.key(of: user($0)) != nil } == [true, false, true])
    }

    @Test("what matters little is not stored at once, and goes along with what is next")
    func later() async throws {
        defer { discard() }
        let engine = SimulatedEngine(seed: 1, isCalm: true)
        let first = try await start("first", on: engine)
        try await add(1, to: first)
        let count = engine.messageCount
        let user = user(1)
        for second in 1...5 {
            first.accounts.uses.use(of: user, Accounts.Key.defaultName).note()
            try await first.accounts.run { try $0.writeUses(at: Timestamp(seconds: Int64(60 * second))) }
        }
        #expect(engine.messageCount == count)
        try await first.accounts.run { try $0.publishLaterChanges() }
        #expect(engine.messageCount == count + 1)
        try await first.accounts.run { try $0.publishLaterChanges() }
        #expect(engine.messageCount == count + 1)
        let second = try await start("second", on: engine)
        let usedAt = try second.accounts.keys(of: user).first?.usedAt
        #expect(usedAt == Timestamp(seconds: 300))
    }

    @Test("the command line is told once the others have its change, and not before")
    func commandLine() async throws {
        defer { discard() }
        let engine = SimulatedEngine(seed: 1, isCalm: true)
        let first = try await start("first", on: engine)
        let shell = try Accounts(directory: first.folder)
        shell.awaitServer(of: first.folder)
        let user = user(1)
        let box = Told()
        let telling = Task {
            try await shell.run { try $0.add(user, at: Timestamp(seconds: 1)) }
            box.set()
        }
        #expect(try await eventually { (try? Accounts(directory: first.folder).key(of: user)) != nil })
        #expect(!box.isSet)
        try await first.accounts.run { try $0.refresh() }
        try await telling.value
        let second = try await start("second", on: engine)
        #expect(second.accounts.key(of: user) == shell.key(of: user))
    }

    private final class Told: Sendable {
        private let state = Mutex(false)
        var isSet: Bool { state.withLock { $0 } }
        func set() { state.withLock { $0 = true } }
    }

    @Test("a folder with another secret, or with none, is refused by name, before and after it stood by")
    func secrets() async throws {
        defer { discard() }
        let engine = SimulatedEngine(seed: 1, isCalm: true)
        _ = try await start("first", on: engine)
        let error = await #expect(throws: ServerStartError.self) { try await start("second", on: engine, secret: "b") }
        #expect(error?.description.contains("copy the file 'secret'") == true)
        let third = try folder("third")
        let accounts = ReplicatedAccounts(stream: engine, directory: third, logger: logger)
        try await accounts.requireSecret()
        try FileManager.default.removeItem(atPath: third + "/secret")
        await #expect(throws: ServerStartError.self) { try await accounts.requireSecret() }
        #expect(!FileManager.default.fileExists(atPath: third + "/secret"))
    }

    @Test("accounts do not begin anew where the engine has batches")
    func beginning() async throws {
        defer { discard() }
        let engine = SimulatedEngine(seed: 1, isCalm: true)
        await #expect(throws: ServerStartError.self) { try await start("first", on: engine, mayBegin: false) }
        _ = try await start("second", on: engine)
        _ = try await start("third", on: engine, mayBegin: false)
    }

    @Test("what lies before a whole copy is let go, and a folder's own accounts are kept aside")
    func purged() async throws {
        defer { discard() }
        let engine = SimulatedEngine(seed: 1, isCalm: true)
        let first = try await start("first", on: engine)
        for number in 1...20 { try await add(number, to: first) }
        let own = try Accounts(directory: try folder("second"))
        try own.add(UserID("own")!, at: Timestamp(seconds: 1))
        let before = engine.firstPosition
        let second = try await start("second", on: engine)
        #expect(try await eventually { engine.firstPosition > before })
        #expect(second.accounts.key(of: UserID("own")!) == nil && second.accounts.key(of: user(20)) != nil)
        #expect(FileManager.default.fileExists(atPath: second.folder + "/accounts.sqlite.replaced"))
    }
}
