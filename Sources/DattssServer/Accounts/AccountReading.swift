import DattssCore
import DattssPipeline
import Foundation
import GRDB

/// Reads the file into what requests ask for.
enum AccountReading {
    static func state(_ database: Database) throws -> Accounts.State {
        var state = Accounts.State()
        state.dataVersion = try dataVersion(database)
        for row in try Row.fetchAll(database, sql: "SELECT * FROM user WHERE erasedAtMilliseconds IS NULL") {
            guard let user = UserID(row["uid"] as String) else { continue }
            if row["deletedAtMilliseconds"] as Int64? != nil {
                state.deleted.insert(user)
                continue
            }
            if row["isInternal"] { state.isInternal.insert(user) } else { state.versions[user] = row["keyVersion"] }
            state.people[user] = Accounts.Person(email: row["email"], isAdmin: row["isAdmin"])
            let own = Accounts.RetentionOverride(minuteDays: row["minuteDays"], hourDays: row["hourDays"])
            if let isSet = row["processPaths"] as Bool? { state.processPaths[user] = isSet }
            if own != Accounts.RetentionOverride() { state.overrides[user] = own }
        }
        for row in try Row.fetchAll(database, sql: "SELECT * FROM authKey") {
            guard let user = UserID(row["uid"] as String), let scope = KeyScope(rawValue: row["scope"]) else { continue }
            state.named[user, default: [:]][row["id"]] = Accounts.NamedKey(name: row["name"], scope: scope)
            if let hash = row["originalHash"] as Data? {
                state.adopted[SecretHash(bytes: [UInt8](hash))] = Accounts.AdoptedKey(
                    user: user, id: row["id"], isVersion1: row["isVersion1"])
            }
        }
        for row in try Row.fetchAll(database, sql: "SELECT * FROM session") {
            guard let session = Accounts.Session(row), state.people[session.user] != nil else { continue }
            state.sessions[SecretHash(bytes: [UInt8](row["hash"] as Data))] = session
        }
        for row in try Row.fetchAll(database, sql: "SELECT * FROM member") {
            guard let owner = UserID(row["owner"] as String), let member = UserID(row["member"] as String),
                let role = TeamRole(given: row["role"]), state.people[owner] != nil, state.people[member] != nil
            else { continue }
            state.roles[member, default: [:]][owner] = role
        }
        return state
    }

    /// Changes when another connection has written (https://www.sqlite.org/pragma.html#pragma_data_version).
    static func dataVersion(_ database: Database) throws -> Int64 {
        try Int64.fetchOne(database, sql: "PRAGMA data_version") ?? 0
    }
}

extension SecretHash {
    var data: Data { Data(bytes) }
}
