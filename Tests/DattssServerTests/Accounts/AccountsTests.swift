import DattssCore
import DattssPipeline
import Foundation
import Testing

@testable import DattssServer

@Suite("Accounts")
struct AccountsTests {
    private let ann = UserID("ann")!
    private let folder: String

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("dattss-accounts-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    /// Goal: a key opens its user's door and no other, and a changed byte anywhere closes it.
    @Test("know a key and nothing but the key")
    func keys() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let accounts = try Accounts(directory: folder)
        try accounts.add(ann, at: Timestamp(seconds: 1))
        let key = try #require(accounts.key(of: ann))
        #expect(key.hasPrefix("ann.") && key.count == 4 + 32)
        #expect(accounts.user(forKey: key) == ann)
        for position in key.indices {
            var changed = key
            changed.replaceSubrange(position...position, with: key[position] == "0" ? "1" : "0")
            #expect(accounts.user(forKey: changed) == nil, "\(changed)")
        }
        for bad in ["", "ann", "ann.", "." + key, key + "0", String(key.dropLast())] {
            #expect(accounts.user(forKey: bad) == nil, "\(bad)")
        }
    }

    /// Goal: hashes of passwords and addresses are nobody else's to read, also in a folder from before that was so.
    @Test("are in a file that only its owner may read")
    func mode() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = folder + "/accounts.sqlite"
        for mode in [nil, 0o644] as [Int?] {
            if let mode { try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file) }
            let accounts = try Accounts(directory: folder)
            if mode == nil { try accounts.add(ann, at: Timestamp(seconds: 1)) }
            #expect(try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int == 0o600)
            #expect(accounts.key(of: ann) != nil)
        }
    }

    /// Goal: revoking through one connection is seen by another, also for keys that it has verified before.
    @Test("notice what another process revoked")
    func revoked() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let server = try Accounts(directory: folder)
        let shell = try Accounts(directory: folder)
        try shell.add(ann, at: Timestamp(seconds: 1))
        let key = try #require(shell.key(of: ann))
        #expect(server.user(forKey: key) == nil)
        try server.refresh()
        #expect(server.user(forKey: key) == ann)
        try shell.revokeKeys(of: ann)
        try server.refresh()
        #expect(server.user(forKey: key) == nil)
        #expect(server.user(forKey: try #require(shell.key(of: ann))) == ann)
        #expect(throws: AccountError.self) { try shell.revokeKeys(of: UserID("bob")!) }
        #expect(throws: AccountError.self) { try shell.add(ann, at: Timestamp(seconds: 1)) }
    }

    /// Goal: a deleted user's keys are worthless at once and for good; the name is free again only when the data is erased.
    @Test("delete a user in two steps: the keys at once, the name when the data is gone")
    func deletion() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let accounts = try Accounts(directory: folder)
        try accounts.add(ann, at: Timestamp(seconds: 1))
        let key = try #require(accounts.key(of: ann))
        try accounts.setRetention(.init(minuteDays: 30), of: ann)
        #expect(try accounts.users().first?.retention == .init(minuteDays: 30, hourDays: nil))
        // Nothing is erased that was not deleted before.
        try accounts.noteErased(ann, at: Timestamp(seconds: 2))
        #expect(try accounts.users().first?.erasedAt == nil)

        try accounts.delete(ann, at: Timestamp(seconds: 3))
        #expect(accounts.user(forKey: key) == nil)
        #expect(accounts.key(of: ann) == nil)
        #expect(throws: AccountError.self) { try accounts.delete(ann, at: Timestamp(seconds: 4)) }
        #expect(throws: AccountError.self) { try accounts.setRetention(.init(), of: ann) }
        #expect(throws: AccountError.self) { try accounts.add(ann, at: Timestamp(seconds: 4)) }

        try accounts.noteErased(ann, at: Timestamp(seconds: 5))
        #expect(try accounts.users().first?.erasedAt == Timestamp(seconds: 5))
        try accounts.add(ann, at: Timestamp(seconds: 6))
        #expect(accounts.user(forKey: key) == nil)
        #expect(accounts.user(forKey: try #require(accounts.key(of: ann))) == ann)
        #expect(
            try accounts.users() == [
                Accounts.User(
                    id: ann, keyVersion: 2, createdAt: Timestamp(seconds: 6), retention: .init(), deletedAt: nil, erasedAt: nil)
            ])
    }

    /// Goal: the secret is made once, is private, and a damaged one is an error and not a new secret.
    @Test("keep their secret")
    func secret() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/secret"
        let secret = try SecretFile.load(path)
        #expect(secret.count == 32)
        #expect(try SecretFile.load(path) == secret)
        let permissions = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(permissions == 0o600)
        try Data("short".utf8).write(to: URL(fileURLWithPath: path))
        #expect(throws: AccountError.self) { try SecretFile.load(path) }
    }
}
