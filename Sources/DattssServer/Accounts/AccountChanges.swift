import GRDB
import GRDBSQLite
import DattssLog
import LibC
import Synchronization

/// Who else has to have a change of the accounts before whoever asked for it is told.
enum AccountCompany: Sendable {
    /// Nobody: the file is all there is.
    case none
    /// The other servers of a cluster.
    case servers(AccountReplica)
    /// The server that has the same file open, and brings it to the others: this is the command line.
    case server(ConfirmedChanges)
}

extension Accounts {
    /// From now on no change is acknowledged that the other servers would not have after a takeover.
    func replicate(to replica: AccountReplica) throws {
        setCompany(.servers(replica))
        try publishChanges()
    }

    /// From now on a change is acknowledged once the server that runs on the folder has brought it to the others.
    public func awaitServer(of directory: String) { setCompany(.server(ConfirmedChanges(directory: directory))) }

    /// Changes the file in one transaction.
    /// - Parameter confirmed: whether the other servers have it when this returns; otherwise they have it some seconds later.
    /// - Throws: ``AccountError`` when the other servers cannot be told: nothing is changed then, or, with
    ///   ``AccountError/Code/unconfirmed``, nobody knows.
    func change<Value>(confirmed: Bool = true, _ body: (Database) throws -> Value) throws -> Value {
        switch company {
        case .none: return try database.write(body)
        case .server(let changes):
            let value = try database.write(body)
            try changes.wait()
            return value
        case .servers(let replica):
            guard confirmed else { return try changeLater(body) }
            try replica.requireReady()
            var outcome = AccountReplica.Outcome.confirmed
            let value = try database.write { database in
                let value = try body(database)
                outcome = try replica.publish(try Self.image(of: database))
                return value
            }
            guard outcome == .confirmed else { throw AccountError.unconfirmed }
            return value
        }
    }

    /// What changes often and matters little: the other servers have it some seconds later, or never.
    func changeLater<Value>(_ body: (Database) throws -> Value) throws -> Value {
        let value = try database.write(body)
        noteUnpublished()
        return value
    }

    /// Brings to the other servers what they do not have yet: what was changed by the command line, and what could wait.
    func publishChanges() throws {
        guard case .servers(let replica) = company, replica.isReady else { return }
        let outcome = try database.write { try replica.publish(try Self.image(of: $0)) }
        if outcome == .unconfirmed { throw AccountError.unconfirmed }
    }

    /// The file as it will be when the transaction that is open is committed.
    private static func image(of database: Database) throws -> AccountImage {
        var count: sqlite3_int64 = 0
        guard let bytes = sqlite3_serialize(database.sqliteConnection, "main", &count, 0) else {
            throw AccountError(.fileSystem, "no memory for the accounts", systemError: ENOMEM, path: "accounts.sqlite")
        }
        defer { sqlite3_free(bytes) }
        return try AccountImage(Array(UnsafeBufferPointer(start: bytes, count: Int(count))))
    }
}

extension AccountError {
    static let unconfirmed = AccountError(
        .unconfirmed, "the engine does not answer: whether this is changed is found out when it does; look before you do it again")
}

/// `<data>/accounts.confirmed`: up to which transaction the other servers have the accounts. The server writes it, and the command line
/// waits for it.
///
/// Transactions are counted by the file itself (https://www.sqlite.org/fileformat.html, the file change counter).
struct ConfirmedChanges: Sendable {
    private let path: String
    private let database: String

    private static let attemptsMax = 150
    private static let pauseMicroseconds: UInt32 = 100_000

    init(directory: String) { (path, database) = (directory + "/accounts.confirmed", directory + "/accounts.sqlite") }

    /// When it cannot be written the command line says that it does not know.
    func note(_ counter: UInt32) {
        try? POSIXFileSystem().replace(path, with: "\(counter)\n", isSynced: false)
    }

    /// Returns when the last transaction is confirmed. Blocks.
    func wait() throws {
        let counter = try counter()
        for _ in 0..<Self.attemptsMax {
            // (It wraps around after four thousand million transactions.)
            if let confirmed, Int32(truncatingIfNeeded: confirmed &- counter) >= 0 { return }
            usleep(Self.pauseMicroseconds)
        }
        throw AccountError.unconfirmed
    }

    private var confirmed: UInt32? {
        guard let bytes = try? Self.bytes(of: path, count: 16) else { return nil }
        return UInt32(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }

    private func counter() throws -> UInt32 {
        AccountImage.changeCounter(ofHeader: try Self.bytes(of: database, count: AccountImage.counterEnd))
    }

    /// The first bytes of a file.
    private static func bytes(of path: String, count: Int) throws(AccountError) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .failed("open", path) }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: count)
        let found = read(file, &bytes, count)
        guard found >= 0 else { throw .failed("read", path) }
        return Array(bytes.prefix(found))
    }
}
