public import DattssCore
public import DattssPipeline
import Dispatch
import GRDB
import Synchronization

/// The users of a data folder, their keys and their sessions, in `accounts.sqlite` beside the log.
///
/// What every request asks (whose is this key, who is in this session) is answered from memory. What changes is written first
/// and then read back. The server and the `dattss user` command may have the file open at the same time: the server calls
/// ``refresh()`` every second, and a revoked key is refused from then on.
public final class Accounts: Authenticator {
    let database: DatabaseQueue
    let keys: AuthKeys
    let uses = KeyUses()
    private let state: Mutex<State>
    /// Held while the file is read into `state`, so that an older reading never replaces a younger one.
    private let reading = Mutex(())
    /// SQLite blocks, so nothing here runs in a task.
    private let queue = DispatchQueue(label: "accounts")
    private let strangers = Mutex(0)
    private let changes = Mutex(Changes())

    private struct Changes {
        var company = AccountCompany.none
        /// Whether there is something that the other servers may not have.
        var isUnpublished = false
    }

    /// For how many people who are not signed in something may be looked up or written at a time.
    static let strangersMax = 64

    /// There are that many already.
    struct Busy: Error {}

    /// What the file says, as far as requests ask for it.
    struct State {
        /// The key versions of those who have keys.
        var versions: [UserID: Int64] = [:]
        var named: [UserID: [String: NamedKey]] = [:]
        var adopted: [SecretHash: AdoptedKey] = [:]
        /// What those users have set who have set something: see ``Accounts/setProcessPaths(_:of:)``.
        var processPaths: [UserID: Bool] = [:]
        var sessions: [SecretHash: Session] = [:]
        var people: [UserID: Person] = [:]
        /// What those who are in teams of others may do there: by member, and then by owner.
        var roles: [UserID: [UserID: TeamRole]] = [:]
        var overrides: [UserID: RetentionOverride] = [:]
        /// Deleted, but not erased yet.
        var deleted: Set<UserID> = []
        /// Those that the server itself made.
        var isInternal: Set<UserID> = []
        var dataVersion: Int64 = 0
        var verified = VerifiedKeys()
        var codes = KeyCodes()

        func candidate(for claim: KeyClaim) -> Candidate? {
            guard let version = versions[claim.user] else { return nil }
            guard let id = claim.id else { return Candidate(version: version) }
            return named[claim.user]?[id].map { Candidate(version: version, named: $0) }
        }
    }

    struct NamedKey: Hashable {
        var name: String
        var scope: KeyScope
    }

    /// What a page says of somebody who is signed in.
    struct Person {
        var email: String?
        var isAdmin: Bool
    }

    /// Opens the accounts in `directory`, which exists; makes them, and the secret, when they are not there.
    public init(directory: String) throws {
        keys = AuthKeys(secret: try SecretFile.load(directory + "/secret"))
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        let path = directory + "/accounts.sqlite"
        try PrivateFile.prepare(path)
        database = try DatabaseQueue(path: path, configuration: configuration)
        try AccountSchema.migrator.migrate(database)
        state = Mutex(try database.read(AccountReading.state))
    }

    // MARK: Keys

    /// Whose key this is, and what it opens; nil for one that is not valid.
    public func owner(ofKey key: String) -> KeyOwner? { verified(key)?.owner }

    /// Who presents a key, with the key's name.
    ///
    /// All requests share the lock, so it is held for looking things up and never for an HMAC; and what a key's code would be
    /// is worked out once, however many wrong ones are tried.
    func verified(_ key: String) -> VerifiedKey? {
        var known = state.withLock { $0.verified[key] }
        if known == nil, let claim = KeyClaim(key) {
            // Once more only when the key was changed meanwhile.
            while known == nil, let candidate = candidate(for: claim),
                AuthKeys.areEqual(claim.code, code(of: claim, candidate))
            {
                known = keep(candidate, as: key, of: claim)
            }
        }
        if known == nil { known = adopted(key) }
        known?.noteUse()
        return known
    }

    /// What a key would be if its code were right.
    struct Candidate: Hashable {
        /// The user's.
        var version: Int64
        /// Nil for the key that every user has.
        var named: NamedKey?
    }

    /// - Returns: nil when nobody has such a key.
    func candidate(for claim: KeyClaim) -> Candidate? { state.withLock { $0.candidate(for: claim) } }

    /// What the code has to be.
    func code(of claim: KeyClaim, _ candidate: Candidate) -> [UInt8] {
        let name = KeyCodes.Name(claim, version: candidate.version)
        if let known = state.withLock({ $0.codes[name] }) { return known }
        let code = keys.code(of: claim, version: candidate.version)
        state.withLock { $0.codes.add(code, of: name) }
        return code
    }

    /// Keeps a key whose code is right.
    /// - Returns: nil when it is not that key any more.
    func keep(_ candidate: Candidate, as key: String, of claim: KeyClaim) -> VerifiedKey? {
        state.withLock { state in
            guard state.candidate(for: claim) == candidate else { return nil }
            if let known = state.verified[key] { return known }
            let scope = candidate.named?.scope ?? .all
            let verified = VerifiedKey(
                owner: KeyOwner(claim.user, scope, prefixesProcess: state.processPaths[claim.user] ?? false),
                name: candidate.named?.name ?? Key.defaultName,
                use: uses.use(of: claim.user, claim.id ?? Key.defaultName))
            state.verified.add(verified, as: key)
            return verified
        }
    }

    /// The valid key that a request presents.
    /// - Throws: as `user(presenting:for:)` does.
    func verified(presenting key: String?, for needed: KeyScope) throws(WireError) -> VerifiedKey {
        guard let key else { throw .noKey }
        guard let verified = verified(key) else { throw .badKey }
        try verified.owner.requireScope(needed)
        return verified
    }

    /// The key of a user named "default"; nil when there is no such user.
    public func key(of user: UserID) -> String? {
        withState { $0.versions[user] }.map { keys.key(of: user, version: $0) }
    }

    // MARK: Keeping up

    /// Looks whether another process changed the accounts; the other servers get to know it.
    public func refresh() throws {
        let current = try database.read(AccountReading.dataVersion)
        guard withState({ $0.dataVersion != current }) else { return }
        try reload()
        try publishChanges()
    }

    var company: AccountCompany { changes.withLock { $0.company } }
    func setCompany(_ company: AccountCompany) { changes.withLock { $0.company = company } }
    func noteUnpublished() { changes.withLock { $0.isUnpublished = true } }

    /// Brings what could wait to the other servers, if they can be told now.
    func publishLaterChanges() throws {
        if case .servers(let replica) = company, !replica.isReady { return }
        let isUnpublished = changes.withLock { changes in
            defer { changes.isUnpublished = false }
            return changes.isUnpublished
        }
        guard isUnpublished else { return }
        do { try publishChanges() } catch {
            noteUnpublished()
            throw error
        }
    }

    func reload() throws {
        try reading.withLock { _ in
            let read = try database.read(AccountReading.state)
            state.withLock { state in
                state.verified.removeAll()
                state = read
            }
        }
    }

    func withState<Value: Sendable>(_ body: (inout State) -> Value) -> Value { state.withLock { body(&$0) } }

    /// Changes the file, and then what is known of it.
    func write<Value>(_ body: (Database) throws -> Value) throws -> Value {
        do {
            let value = try change(body)
            try reload()
            return value
        } catch let error as AccountError where error.code == .unconfirmed {
            // It is in the file all the same.
            try reload()
            throw error
        }
    }

    /// For how many people who are not signed in something is being done.
    var strangerCount: Int { strangers.withLock { $0 } }

    /// Does something with the accounts for somebody who is not signed in.
    /// - Throws: ``Busy`` when many wait for the same, and whatever `body` does.
    func runForStranger<Value: Sendable>(_ body: @escaping @Sendable (Accounts) throws -> Value) async throws -> Value {
        let hasRoom = strangers.withLock { count in
            guard count < Self.strangersMax else { return false }
            count += 1
            return true
        }
        guard hasRoom else { throw Busy() }
        defer { strangers.withLock { $0 -= 1 } }
        return try await run(body)
    }

    /// Does something with the accounts from within a task.
    func run<Value: Sendable>(_ body: @escaping @Sendable (Accounts) throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try body(self) }) }
        }
    }
}
