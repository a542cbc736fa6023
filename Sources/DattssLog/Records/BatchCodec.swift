import CPlatform
public import DattssCore

/// A batch as a record of the accepted lane.
///
/// Encoding is the expensive half of writing ahead, and needs neither the LSN nor the time that the record will get:
/// so many callers do it in parallel, and the lane's owner only strings the bytes together.
///
///     record:   user │ flags │ [client, sequence] │ [process] │ [uptime] │ n │ partial₁ … partialₙ
///     partial:  path │ aggregate, see ``StoredAggregate``
///
/// Names are a varint length and their bytes. Flags: 1 origin, 2 process, 4 uptime (8 bytes).
public enum BatchCodec {
    private static let originFlag: UInt8 = 1
    private static let processFlag: UInt8 = 2
    private static let uptimeFlag: UInt8 = 4

    /// The bytes of a record.
    public static func encode(user: UserID, batch: Batch) -> [UInt8] {
        var writer = ByteWriter(capacity: 64 + 48 * batch.partials.count)
        writer.appendName(user.string)
        writer.append(
            (batch.origin == nil ? 0 : originFlag) | (batch.process == nil ? 0 : processFlag)
                | (batch.uptimeSeconds == nil ? 0 : uptimeFlag))
        if let origin = batch.origin {
            writer.appendName(origin.client)
            writer.appendZigzag(origin.sequence)
        }
        if let process = batch.process { writer.appendName(process) }
        if let uptime = batch.uptimeSeconds { writer.appendFixed(uptime.bitPattern) }
        writer.appendVarint(batch.partials.count)
        batch.partials.withUnsafeBufferPointer { partials in
            for index in partials.indices {
                // Where it is: a partial is large to copy.
                guard let partial = partials.baseAddress.map({ $0 + index }) else { return }
                writer.append(partial)
                if index % 64 == 63 { thread_give_way() }
            }
        }
        return writer.bytes
    }

    /// Reads a record, and all of it.
    /// - Throws: `malformed` for what ``encode(user:batch:)`` does not write, as far as that shows.
    public static func decode(_ bytes: [UInt8]) throws(LogError) -> (user: UserID, batch: Batch) {
        var reader = ByteReader(bytes)
        var names = NameCache.none
        return try decode(&reader, &names)
    }

    /// Reads a record that ends where the reader ends.
    static func decode(
        _ reader: inout ByteReader, _ names: inout NameCache
    ) throws(LogError) -> (user: UserID, batch: Batch) {
        let user = try reader.user()
        let flags = try reader.byte("flags of a batch")
        guard flags & ~(originFlag | processFlag | uptimeFlag) == 0 else {
            throw reader.malformed("flags of a batch", "known", "\(flags)")
        }
        var batch = Batch(partials: [])
        if flags & originFlag != 0 {
            let client = try reader.name("client", bytesMax: Name.clientBytesMax, &names)
            batch.origin = Batch.Origin(client: client, sequence: try reader.sequence("sequence"))
        }
        if flags & processFlag != 0 {
            batch.process = try reader.name("process", bytesMax: Name.processBytesMax, &names)
        }
        if flags & uptimeFlag != 0 {
            batch.uptimeSeconds = Double(bitPattern: try reader.fixed(UInt64.self, "uptime"))
        }
        let count = try reader.count("partials", bytesEach: 5)
        while batch.partials.count < count {
            // In pieces, so that what is allocated stays within what the bytes turn out to hold.
            let piece = min(count - batch.partials.count, FormatLimits.statisticsPerPartMax)
            let partials = try initializedArray(piece) { (rows: UnsafeMutablePointer<Partial>, made) throws(LogError) in
                try BlankAggregate.lend { (blank) throws(LogError) in
                    while made < piece {
                        try partial(&reader, &names, into: rows + made, blank)
                        made += 1
                    }
                }
            }
            if batch.partials.isEmpty { batch.partials = partials } else { batch.partials += partials }
        }
        try reader.expectEnd("batch")
        return (user, batch)
    }

    /// - Parameter row: memory for it, which stays as it was when this throws.
    private static func partial(
        _ reader: inout ByteReader, _ names: inout NameCache, into row: UnsafeMutablePointer<Partial>,
        _ blank: BlankAggregate
    ) throws(LogError) {
        let path = try reader.name("path", bytesMax: Name.pathBytesMax, &names)
        let stored = try StoredAggregate(&reader)
        guard let kind = stored.flags.kind else { throw reader.malformed("kind", "0, 1 or 2", "3") }
        // Unsafe: both are stored properties, so there are pointers to them.
        let aggregate = row.pointer(to: \.aggregate).unsafelyUnwrapped
        blank.initialize(aggregate)
        stored.fill(&aggregate.pointee)
        // Unsafe: the same.
        row.pointer(to: \.key).unsafelyUnwrapped.initialize(to: StatisticKey(kind, path))
    }
}

extension ByteReader {
    mutating func user() throws(LogError) -> UserID {
        let string = try name("user", bytesMax: Name.userBytesMax)
        guard let user = UserID(string) else { throw malformed("user", "a user's name", string) }
        return user
    }

    /// A client's number of a batch.
    mutating func sequence(_ what: StaticString) throws(LogError) -> Int64 {
        let sequence = try zigzag(what)
        // As the wire has it. Windows are moved by distances of these, which must not overflow.
        guard 0...(1 << 53) ~= sequence else { throw malformed(what, "from 0 to 2^53", "\(sequence)") }
        return sequence
    }
}
