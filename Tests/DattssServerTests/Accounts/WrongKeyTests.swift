import DattssCore
import DattssPipeline
import Testing

@testable import DattssServer

@Suite("Wrong auth keys")
struct WrongKeyTests {
    private let folder: TestFolder
    private let start = Timestamp(seconds: 1_795_330_000)
    private let ann = UserID("ann")!
    private let joe = UserID("joe")!
    private static let code = "0123456789abcdef0123456789abcdef"
    private static let forms: [String] = [
        "", ".", "ann", "ann.", ".\(code)", "ann.\(code)0", "ann.\(code.dropLast())", "ann.\(code.uppercased())",
        "ann.\(code.dropLast())g", "ann.\(code.dropLast())é", "ann..\(code)", "ann.x1.\(code)", "ann.k1.\(code).",
        "ann.k1.k2.\(code)", "a b.\(code)", "\(String(repeating: "a", count: 33)).\(code)",
        "ann.k\(String(repeating: "1", count: 200)).\(code)",
    ]

    init() throws { folder = try TestFolder() }

    /// Goal: what cannot be a key costs no HMAC.
    @Test("are known by their form", arguments: forms)
    func form(key: String) { #expect(KeyClaim(key) == nil) }

    /// Goal: and what can be one says whose it would be.
    @Test("or claim to be somebody's")
    func claim() throws {
        let (standard, named) = (try #require(KeyClaim("ann." + Self.code)), try #require(KeyClaim("ann.k1f." + Self.code)))
        #expect(standard.user == ann && standard.id == nil && named.user == ann && named.id == "k1f")
        #expect(standard.code == named.code && AuthKeys.hexadecimal(standard.code) == Self.code)
        let keys = AuthKeys(secret: [UInt8](repeating: 7, count: AuthKeys.secretBytes))
        for (key, version) in [(keys.key(of: ann, version: 3), 3), (keys.key(of: ann, id: "k1f"), 9)] {
            let claim = try #require(KeyClaim(key))
            #expect(keys.code(of: claim, version: Int64(version)) == claim.code)
        }
        let older = try #require(KeyClaim(keys.key(of: ann, version: 3)))
        #expect(keys.code(of: older, version: 4) != older.code)
        for claim in [standard, named] { #expect(keys.code(of: claim, version: 3) != claim.code) }
    }

    /// Goal: a flood of wrong keys costs an HMAC for each key that there is, not for each that is tried, and no memory.
    @Test("cost one HMAC for a key that there is, and none for others")
    func codes() throws {
        let accounts = try Accounts(directory: folder.path)
        try accounts.add(ann, at: start)
        let named = try accounts.addKey(named: "api", scope: .ingest, of: ann, at: start)
        for number in 0..<200 {
            let code = String(Self.code.dropLast(3)) + String(1000 + number).suffix(3)
            for name in ["ann", "ann.\(named.id)", "ann.k0", "joe", "u\(number)"] {
                #expect(accounts.verified("\(name).\(code)") == nil)
            }
        }
        #expect(accounts.withState { $0.codes.count } == 2)
        #expect(accounts.verified(named.key)?.name == "api")
        #expect(try accounts.verified(#require(accounts.key(of: ann)))?.owner == KeyOwner(ann))
        #expect(accounts.withState { $0.codes.count } == 2)
    }

    /// Goal: that a key was refused is not remembered against it.
    @Test("that become right work at once, also when another process made them so")
    func becomesRight() throws {
        let (accounts, shell) = (try Accounts(directory: folder.path), try Accounts(directory: folder.path))
        for (user, maker) in [(ann, accounts), (joe, shell)] {
            let key = accounts.keys.key(of: user, version: 1)
            for _ in 0..<3 { #expect(accounts.owner(ofKey: key) == nil) }
            try maker.add(user, at: start)
            // What the server does every second.
            try accounts.refresh()
            #expect(accounts.owner(ofKey: key) == KeyOwner(user))
            // A key of the version after this one, tried before it is made.
            let next = accounts.keys.key(of: user, version: 2)
            #expect(accounts.owner(ofKey: next) == nil)
            try maker.revokeKeys(of: user, at: start)
            try accounts.refresh()
            #expect(accounts.owner(ofKey: next) == KeyOwner(user) && accounts.owner(ofKey: key) == nil)
        }
    }

    /// Goal: a key is verified without the lock, so it may be revoked in between: then it is not kept, and not let in.
    @Test("include one that is revoked while it is being verified")
    func revokedMeanwhile() throws {
        let accounts = try Accounts(directory: folder.path)
        try accounts.add(ann, at: start)
        for isNamed in [false, true] {
            let named = try accounts.addKey(named: "api", scope: .ingest, of: ann, at: start)
            let key = isNamed ? named.key : try #require(accounts.key(of: ann))
            let claim = try #require(KeyClaim(key))
            let candidate = try #require(accounts.candidate(for: claim))
            #expect(accounts.code(of: claim, candidate) == claim.code)
            try accounts.revokeKeys(of: ann, at: start)
            #expect(accounts.keep(candidate, as: key, of: claim) == nil)
            #expect(accounts.verified(key) == nil)
        }
    }
}
