import DattssCore
import DattssPipeline
import Testing

@testable import DattssServer

@Suite("Keys of the original")
struct AdoptedKeyTests {
    private let folder: TestFolder
    private let start = Timestamp(seconds: 1_795_330_000)
    private let ann = UserID("ann")!
    private static let hmac = String(repeating: "0123456789", count: 4)
    private static let version1 = "12_" + hmac
    private static let version2 = String(repeating: "ab", count: 20) + "." + hmac

    init() throws { folder = try TestFolder() }

    private func accounts() throws -> Accounts {
        let accounts = try Accounts(directory: folder.path)
        try accounts.add(ann, at: start)
        return accounts
    }

    /// Goal: an old program runs with its key, as far as the scope goes; another key of that form opens nothing.
    @Test("are good once they are adopted, and until they are revoked")
    func adopted() throws {
        let accounts = try accounts()
        for key in [Self.version1, Self.version2] {
            #expect(accounts.owner(ofKey: key) == nil)
            let original = try #require(OriginalKey(key))
            try accounts.adopt(original, named: "old", scope: .ingest, of: ann, at: start)
            #expect(accounts.owner(ofKey: key) == KeyOwner(ann, .ingest, prefixesProcess: key == Self.version1))
            #expect(accounts.owner(ofKey: key.replacing("9", with: "8")) == nil)
            #expect(throws: AccountError.self) { try accounts.adopt(original, named: "again", scope: .all, of: ann, at: start) }
            // Another process, and the file, know it as well.
            #expect(try Accounts(directory: folder.path).user(forKey: key) == ann)
            #expect(try accounts.keys(of: ann).map(\.name).contains("old"))
            try accounts.revokeKey("old", of: ann, at: start)
            #expect(accounts.owner(ofKey: key) == nil)
        }
        try accounts.adopt(#require(OriginalKey(Self.version1)), named: "old", scope: .all, of: ann, at: start)
        #expect(accounts.user(forKey: Self.version1) == ann)
        try accounts.delete(ann, at: start)
        #expect(accounts.user(forKey: Self.version1) == nil)
    }

    @Test(
        "have one of two forms",
        arguments: [
            "", "_", "12_", hmac, "12_" + hmac.dropLast(), "12_" + hmac + "0", "12_" + hmac.uppercased().replacing("0", with: "A"),
            "_" + hmac, "x1_" + hmac, "12:" + hmac, String(repeating: "1", count: 41) + "_" + hmac,
        ])
    func forms(text: String) { #expect(OriginalKey(text) == nil) }

    /// Goal: the process is a part of the name where version 1 had it so, and where a user wants it.
    @Test("decide with their user whether a process stands in front of its paths")
    func processPaths() throws {
        let accounts = try accounts()
        try accounts.adopt(#require(OriginalKey(Self.version1)), named: "one", scope: .all, of: ann, at: start)
        try accounts.adopt(#require(OriginalKey(Self.version2)), named: "two", scope: .all, of: ann, at: start)
        let own = try #require(accounts.key(of: ann))
        for (setting, expected) in [(nil, [true, false, false]), (true, [true, true, true]), (false, [false, false, false])] {
            try accounts.setProcessPaths(setting, of: ann)
            #expect([Self.version1, Self.version2, own].map { accounts.owner(ofKey: $0)?.prefixesProcess } == expected)
        }
        #expect(throws: AccountError.self) { try accounts.setProcessPaths(true, of: UserID("bob")!) }
    }
}
