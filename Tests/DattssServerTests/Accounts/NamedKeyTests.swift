import DattssCore
import DattssPipeline
import Foundation
import GRDB
import Testing

@testable import DattssServer

@Suite("Auth keys")
struct NamedKeyTests {
    private let folder: TestFolder
    private let start = Timestamp(seconds: 1_795_330_000)
    private let ann = UserID("ann")!

    init() throws { folder = try TestFolder() }

    private func accounts() throws -> Accounts {
        let accounts = try Accounts(directory: folder.path)
        try accounts.add(ann, at: start)
        try accounts.add(UserID("bob")!, at: start)
        return accounts
    }

    /// Goal: each key opens its user's door as far as its scope goes; a changed byte anywhere closes it.
    @Test("with a name have a scope")
    func scopes() throws {
        let accounts = try accounts()
        for scope in KeyScope.allCases {
            let key = try accounts.addKey(named: "a \(scope)", scope: scope, of: ann, at: start)
            #expect(accounts.owner(ofKey: key.key) == KeyOwner(ann, scope) && accounts.verified(key.key)?.name == "a \(scope)")
            for position in key.key.indices {
                var changed = key.key
                changed.replaceSubrange(position...position, with: key.key[position] == "0" ? "1" : "0")
                #expect(accounts.owner(ofKey: changed) == nil, "\(changed)")
            }
            #expect(accounts.owner(ofKey: key.key.replacing("ann.", with: "bob.")) == nil)
        }
        #expect(KeyScope.ingest.covers(.ingest) && !KeyScope.ingest.covers(.read) && !KeyScope.read.covers(.ingest))
        #expect(!KeyScope.read.covers(.all) && KeyScope.all.covers(.read) && KeyScope.all.covers(.ingest))
        #expect(try accounts.keys(of: ann).map(\.name) == ["default", "a all", "a ingest", "a read"])
    }

    /// Goal: a revoked key is refused from the next request on, and the others are not.
    @Test("are revoked one by one")
    func revoked() throws {
        let accounts = try accounts()
        let keys = try ["one", "two"].map { try accounts.addKey(named: $0, scope: .all, of: ann, at: start) }
        let standard = try #require(accounts.key(of: ann))
        for key in keys { #expect(accounts.user(forKey: key.key) == ann) }
        #expect(throws: AccountError.self) { try accounts.revokeKey(keys[0].id, of: UserID("bob")!, at: start) }
        try accounts.revokeKey(keys[0].id, of: ann, at: start)
        #expect(accounts.user(forKey: keys[0].key) == nil && accounts.user(forKey: keys[1].key) == ann)
        try accounts.revokeKey("default", of: ann, at: start)
        #expect(accounts.user(forKey: standard) == nil && accounts.user(forKey: keys[1].key) == ann)
        #expect(accounts.user(forKey: try #require(accounts.key(of: ann))) == ann)
        try accounts.revokeKeys(of: ann, at: start)
        #expect(accounts.user(forKey: keys[1].key) == nil)
    }

    /// Goal: the holder of a verified key learns of everything that may have made it worthless, also from another process.
    @Test("that were verified are current until something changes")
    func verified() throws {
        let accounts = try accounts()
        let shell = try Accounts(directory: folder.path)
        let key = try accounts.addKey(named: "api", scope: .all, of: ann, at: start)
        let standard = try #require(accounts.key(of: ann))
        func keep() throws -> VerifiedKey {
            let verified = try accounts.verified(presenting: standard, for: .ingest)
            #expect(verified.isCurrent && accounts.verified(standard) === verified)
            return verified
        }
        var kept = try keep()
        try accounts.revokeKey(key.id, of: ann, at: start)
        #expect(!kept.isCurrent)
        kept = try keep()
        _ = try shell.addKey(named: "api", scope: .all, of: ann, at: start)
        try accounts.refresh()
        #expect(!kept.isCurrent)
        kept = try keep()
        accounts.withState { $0.verified.removeAll() }
        #expect(!kept.isCurrent)
        kept = try keep()
        try accounts.delete(ann, at: start)
        #expect(!kept.isCurrent && accounts.verified(standard) == nil)
    }

    /// Goal: those that have to make room for others are not kept for current.
    @Test("that make room for others are not current any more")
    func makeRoom() {
        let uses = KeyUses()
        func verified(_ id: String) -> VerifiedKey {
            VerifiedKey(owner: KeyOwner(ann), name: id, use: uses.use(of: ann, id))
        }
        var keys = VerifiedKeys()
        let first = verified("first")
        keys.add(first, as: "first")
        for number in 1..<VerifiedKeys.countMax { keys.add(first, as: "\(number)") }
        #expect(first.isCurrent && keys["first"] === first)
        let last = verified("last")
        keys.add(last, as: "last")
        #expect(!first.isCurrent && keys["first"] == nil && last.isCurrent && keys["last"] === last)
    }

    /// Goal: names are for people, and there is an end to their number.
    @Test("have names of their own")
    func names() throws {
        let accounts = try accounts()
        _ = try accounts.addKey(named: "api", scope: .all, of: ann, at: start)
        for name in ["", "api", "default", "a\nb", String(repeating: "x", count: 65)] {
            #expect(throws: AccountError.self, "\(name)") { try accounts.addKey(named: name, scope: .all, of: ann, at: start) }
        }
        for number in 1..<Accounts.Key.perUserMax { _ = try accounts.addKey(named: "\(number)", scope: .all, of: ann, at: start) }
        #expect(throws: AccountError.self) { try accounts.addKey(named: "more", scope: .all, of: ann, at: start) }
        #expect(throws: AccountError.self) { try accounts.addKey(named: "x", scope: .all, of: UserID("joe")!, at: start) }
    }

    /// Goal: what was used is written down when it is time to, not when it is used.
    @Test("say when they were used")
    func uses() throws {
        let accounts = try accounts()
        let key = try accounts.addKey(named: "api", scope: .all, of: ann, at: start)
        _ = accounts.user(forKey: key.key)
        #expect(try accounts.keys(of: ann).map(\.usedAt) == [nil, nil])
        let later = start.advanced(byMilliseconds: 60_000)
        try accounts.writeUses(at: later)
        #expect(try accounts.keys(of: ann).map(\.usedAt) == [nil, later])
        // Not used since: nothing new.
        try accounts.writeUses(at: later.advanced(byMilliseconds: 60_000))
        #expect(try accounts.keys(of: ann).map(\.usedAt) == [nil, later])
        _ = accounts.user(forKey: key.key)
        _ = accounts.user(forKey: try #require(accounts.key(of: ann)))
        try accounts.writeUses(at: later.advanced(byMilliseconds: 120_000))
        let latest = later.advanced(byMilliseconds: 120_000)
        #expect(try accounts.keys(of: ann).map(\.usedAt) == [latest, latest])
    }

    /// Goal: a folder of the server as it was before goes on: the key of version 3 is the key named "default".
    @Test("of an old folder stay valid")
    func migration() throws {
        let secret = [UInt8](repeating: 0xAB, count: 32)
        try Data((AuthKeys.hexadecimal(secret) + "\n").utf8).write(to: URL(fileURLWithPath: folder.path + "/secret"))
        let old = try DatabaseQueue(path: folder.path + "/accounts.sqlite")
        try old.write { database in
            try database.execute(
                sql: """
                    CREATE TABLE user (uid TEXT PRIMARY KEY NOT NULL, keyVersion INTEGER NOT NULL,
                        createdAtMilliseconds INTEGER NOT NULL, minuteDays INTEGER, hourDays INTEGER,
                        deletedAtMilliseconds INTEGER, erasedAtMilliseconds INTEGER);
                    INSERT INTO user (uid, keyVersion, createdAtMilliseconds) VALUES ('ann', 3, 5000), ('local', 1, 4000);
                    CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
                    INSERT INTO grdb_migrations VALUES ('users'), ('retention and deletion');
                    """)
        }
        try old.close()
        // By another library: HMAC-SHA256 of "dattss-key:ann:3".
        let key = "ann.c0a5881323a8353e8f316d096ff54081"
        let accounts = try Accounts(directory: folder.path)
        #expect(accounts.owner(ofKey: key) == KeyOwner(ann, .all))
        let listed = try accounts.keys(of: ann)
        #expect(listed.map(\.name) == ["default"] && listed.first?.key == key)
        #expect(listed.first?.createdAt == Timestamp(seconds: 5))
        #expect(accounts.person(.local)?.isAdmin == true && accounts.person(ann)?.isAdmin == false)
        #expect(try !accounts.hasSignedIn(.local))
    }

    /// Goal: users of the server itself have no key, and nobody gets their statistics by one.
    @Test("are not there for the server's own users")
    func internalUsers() throws {
        let accounts = try accounts()
        #expect(try accounts.prepareInternal(.dattss, at: start) && accounts.prepareInternal(.dattss, at: start))
        #expect(try !accounts.prepareInternal(ann, at: start))
        #expect(accounts.key(of: .dattss) == nil && accounts.owner(ofKey: accounts.keys.key(of: .dattss, version: 1)) == nil)
        #expect(throws: AccountError.self) { try accounts.keys(of: .dattss) }
        #expect(throws: AccountError.self) { try accounts.addKey(named: "x", scope: .all, of: .dattss, at: start) }
        #expect(throws: AccountError.self) { try accounts.signInToken(for: .dattss, at: start) }
        #expect(try accounts.users().map(\.id.string) == ["ann", "bob"])
    }
}
