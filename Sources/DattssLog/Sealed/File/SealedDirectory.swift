internal import DattssCore

/// Who is in a sealed file, and where: all that is kept in memory of an open one.
///
///     m │ m × user
///     user:   name │ activity │ n │ n × (path of the first key │ its kind (1) │ index)
///     activity, index:  offset │ length │ CRC32C (4)                 varints but for the CRC
struct SealedDirectory: Equatable {
    /// Sorted by user, each user once.
    var users: [User] = []

    struct User: Equatable {
        var user: UserID
        var activity: Region
        /// Sorted by first key; a user has at least one.
        var indexes: [Index] = []
    }

    struct Index: Equatable {
        var firstKey: StatisticKey
        var region: Region
    }

    /// Checksummed bytes.
    struct Region: Equatable {
        var offset: Int
        var length: Int
        var checksum: UInt32
    }

    func user(_ id: UserID) -> User? {
        let position = users.firstPosition { $0.user >= id }
        return position < users.count && users[position].user == id ? users[position] : nil
    }

    /// Roughly what it takes in memory.
    var memoryBytes: Int { users.reduce(0) { $0 + 128 + 96 * $1.indexes.count } }

    var encoded: [UInt8] {
        var writer = ByteWriter()
        writer.appendVarint(users.count)
        for user in users {
            writer.appendName(user.user.string)
            writer.append(user.activity)
            writer.appendVarint(user.indexes.count)
            for index in user.indexes {
                writer.appendName(index.firstKey.path)
                writer.append(index.firstKey.kind.rawValue)
                writer.append(index.region)
            }
        }
        return writer.bytes
    }

    init() {}

    /// - Parameter contentEnd: no region reaches beyond.
    init(decoding bytes: [UInt8], contentEnd: Int) throws(LogError) {
        var reader = ByteReader(bytes)
        let count = try reader.count("users", bytesEach: 9)
        users.reserveCapacity(count)
        for _ in 0..<count {
            let name = try reader.name("user", bytesMax: Name.userBytesMax)
            guard let id = UserID(name), users.last.map({ $0.user < id }) ?? true else {
                throw reader.malformed("user", "sorted, with a user's name", name)
            }
            let activity = try reader.region(lengthMax: SealedActivity.byteCountMax, contentEnd)
            var user = User(user: id, activity: activity)
            let indexCount = try reader.count("indexes of a user", bytesEach: 9)
            guard indexCount >= 1 else { throw reader.malformed("indexes of a user", "at least 1", "none") }
            user.indexes.reserveCapacity(indexCount)
            for _ in 0..<indexCount {
                let path = try reader.name("path", bytesMax: Name.pathBytesMax)
                let code = try reader.byte("kind")
                guard let kind = Kind(rawValue: code) else { throw reader.malformed("kind", "0, 1 or 2", "\(code)") }
                let key = StatisticKey(kind, path)
                guard user.indexes.last.map({ $0.firstKey < key }) ?? true else {
                    throw reader.malformed("first key of an index", "after the one before", path)
                }
                let region = try reader.region(lengthMax: SealedIndex.byteCountMax, contentEnd)
                user.indexes.append(Index(firstKey: key, region: region))
            }
            users.append(user)
        }
        try reader.expectEnd("directory")
    }
}

extension SealedDirectory.User {
    /// The only index that can hold a key.
    func index(of key: StatisticKey) -> SealedDirectory.Index? {
        let position = indexes.firstPosition { $0.firstKey > key }
        return position > 0 ? indexes[position - 1] : nil
    }
}

extension ByteWriter {
    fileprivate mutating func append(_ region: SealedDirectory.Region) {
        appendVarint(region.offset)
        appendVarint(region.length)
        appendFixed(region.checksum)
    }
}

extension ByteReader {
    fileprivate mutating func region(lengthMax: Int, _ contentEnd: Int) throws(LogError) -> SealedDirectory.Region {
        let offset = try varint("offset")
        let length = try varint("length")
        guard length <= UInt64(lengthMax), offset <= UInt64(contentEnd), length <= UInt64(contentEnd) - offset else {
            throw malformed("region", "at most \(lengthMax) bytes before \(contentEnd)", "\(length) at \(offset)")
        }
        return SealedDirectory.Region(
            offset: Int(offset), length: Int(length), checksum: try fixed(UInt32.self, "CRC of a region"))
    }
}
