import DattssCore
import GRDB

/// What a user's statistics are measured in, where their names do not say it.
extension Accounts {
    static let unitsMax = 1000

    /// A statistic and its unit.
    struct StatisticUnit: Sendable, Hashable {
        var key: StatisticKey
        var unit: Unit
    }

    /// What can be chosen.
    enum Unit: String, Sendable, CaseIterable {
        case number
        case bytes
        case percent = "%"
        case seconds = "s"
        case milliseconds = "ms"
        case microseconds = "us"
        case perSecond = "/s"
    }

    /// Sorted by statistic.
    func units(of user: UserID) throws -> [StatisticUnit] {
        try database.read { try Self.units(of: user, $0) }
    }

    private static func units(of user: UserID, _ database: Database) throws -> [StatisticUnit] {
        try Row.fetchAll(database, sql: "SELECT * FROM unit WHERE uid = ? ORDER BY typ, pth", arguments: [user.string])
            .compactMap { row in
                guard let kind = Kind(symbol: row["typ"] as String), let unit = Unit(rawValue: row["unit"]) else { return nil }
                return StatisticUnit(key: StatisticKey(kind, row["pth"]), unit: unit)
            }
    }

    /// Changes that of one statistic, and so gets in the way of nobody who changes another's.
    /// - Parameter unit: nil for what the name tells.
    /// - Returns: all of them, as they are now; nil when there is no room for another one.
    func setUnit(_ unit: Unit?, of key: StatisticKey, user: UserID) throws -> [StatisticUnit]? {
        try change { database in
            try database.execute(
                sql: "DELETE FROM unit WHERE uid = ? AND typ = ? AND pth = ?", arguments: [user.string, key.kind.symbol, key.path])
            var all = try Self.units(of: user, database)
            guard let unit else { return all }
            guard all.count < Self.unitsMax else { return nil }
            try database.execute(
                sql: "INSERT INTO unit VALUES (?, ?, ?, ?)", arguments: [user.string, key.kind.symbol, key.path, unit.rawValue])
            all.append(StatisticUnit(key: key, unit: unit))
            return all
        }
    }
}
