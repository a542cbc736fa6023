public import DattssCore

/// A batch as a record of the accepted lane.
///
/// Encoding is the expensive half of writing ahead, and needs neither the LSN nor the time that the record will get:
/// so many callers do it in parallel, and the lane's owner only strings the bytes together.
///
///     record:   user │ flags │ [client, sequence] │ [process] │ [uptime] │ n │ partial₁ … partialₙ
///     partial:  path │ aggregate flags (2) │ count │ stored numbers │ [fraction] │ [sketch]
///
/// Names are a varint length and their bytes. Flags: 1 origin, 2 process, 4 uptime (8 bytes). The numbers are those that
/// ``AggregateFlags`` names, in the order `sum max min first last bottom top`.
public enum BatchCodec {
    private static let originFlag: UInt8 = 1
    private static let processFlag: UInt8 = 2
    private static let uptimeFlag: UInt8 = 4

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
        for partial in batch.partials { encode(partial, into: &writer) }
        return writer.bytes
    }

    public static func decode(_ bytes: [UInt8]) throws(LogError) -> (user: UserID, batch: Batch) {
        var reader = ByteReader(bytes)
        return try decode(&reader)
    }

    /// Reads a record that ends where the reader ends.
    static func decode(_ reader: inout ByteReader) throws(LogError) -> (user: UserID, batch: Batch) {
        let user = try reader.user()
        let flags = try reader.byte("flags of a batch")
        guard flags & ~(originFlag | processFlag | uptimeFlag) == 0 else {
            throw reader.malformed("flags of a batch", "known", "\(flags)")
        }
        var batch = Batch(partials: [])
        if flags & originFlag != 0 {
            let client = try reader.name("client", bytesMax: Name.clientBytesMax)
            batch.origin = Batch.Origin(client: client, sequence: try reader.zigzag("sequence"))
        }
        if flags & processFlag != 0 {
            batch.process = try reader.name("process", bytesMax: Name.processBytesMax)
        }
        if flags & uptimeFlag != 0 {
            batch.uptimeSeconds = Double(bitPattern: try reader.fixed(UInt64.self, "uptime"))
        }
        let count = try reader.count("partials", bytesEach: 5)
        batch.partials.reserveCapacity(min(count, FormatLimits.statisticsPerPartMax))
        for _ in 0..<count { batch.partials.append(try partial(&reader)) }
        try reader.expectEnd("batch")
        return (user, batch)
    }

    private static func encode(_ partial: Partial, into writer: inout ByteWriter) {
        let aggregate = partial.aggregate
        let flags = AggregateFlags(partial.key.kind, aggregate)
        writer.appendName(partial.key.path)
        writer.appendFixed(flags.rawValue)
        writer.appendVarint(UInt64(bitPattern: aggregate.count))
        for (column, value) in AggregateFlags.values(of: aggregate).enumerated() where flags.stores(column) {
            StoredNumber.append(value, to: &writer, isRaw: flags.isRaw(column))
        }
        if flags.has(AggregateFlags.fraction) { writer.appendFixed(aggregate.fraction.bitPattern) }
        if let sketch = aggregate.sketch { SketchCodec.encode(sketch, into: &writer) }
    }

    private static func partial(_ reader: inout ByteReader) throws(LogError) -> Partial {
        let path = try reader.name("path", bytesMax: Name.pathBytesMax)
        let flags = AggregateFlags(rawValue: try reader.fixed(UInt16.self, "flags of a statistic"))
        guard let kind = flags.kind else { throw reader.malformed("kind", "0, 1 or 2", "3") }
        var builder = AggregateBuilder(flags, count: try reader.sampleCount())
        for column in 0..<AggregateFlags.columnCount where flags.stores(column) {
            builder.set(column, try StoredNumber.read(&reader, isRaw: flags.isRaw(column)))
        }
        if flags.has(AggregateFlags.fraction) {
            builder.fraction = Double(bitPattern: try reader.fixed(UInt64.self, "fraction"))
        }
        if flags.has(AggregateFlags.sketch) { builder.sketch = try SketchCodec.decode(&reader) }
        return Partial(StatisticKey(kind, path), builder.aggregate)
    }
}

/// An aggregate out of its flags and those numbers that are stored.
struct AggregateBuilder {
    private let flags: AggregateFlags
    private let count: Int64
    private var sum = 1.0
    private var max = 1.0
    private var min = 1.0
    private var first = 1.0
    private var last = 1.0
    private var bottom = 1.0
    private var top = 1.0
    var fraction = Aggregate.defaultFraction
    var sketch: Sketch?

    init(_ flags: AggregateFlags, count: Int64) {
        self.flags = flags
        self.count = count
    }

    mutating func set(_ column: Int, _ value: Double) {
        switch column {
        case 0: sum = value
        case 1: max = value
        case 2: min = value
        case 3: first = value
        case 4: last = value
        case 5: bottom = value
        default: top = value
        }
    }

    var aggregate: Aggregate {
        let isEqual = flags.has(AggregateFlags.equal) || flags.has(AggregateFlags.ones)
        let isProduct = flags.has(AggregateFlags.product) || flags.has(AggregateFlags.ones)
        return Aggregate(
            sum: isEqual && isProduct ? AggregateFlags.product(max, count) : sum, count: count, max: max,
            min: isEqual ? max : min, first: isEqual ? max : first, last: isEqual ? max : last,
            bottom: isEqual ? max : bottom, top: isEqual ? max : top, fraction: fraction,
            isEmphasised: flags.has(AggregateFlags.emphasised),
            isApproximate: flags.has(AggregateFlags.approximate), sketch: sketch)
    }
}

extension ByteReader {
    mutating func user() throws(LogError) -> UserID {
        let string = try name("user", bytesMax: Name.userBytesMax)
        guard let user = UserID(string) else { throw malformed("user", "a user's name", string) }
        return user
    }

    /// The `count` of an aggregate.
    mutating func sampleCount() throws(LogError) -> Int64 {
        let count = Int64(bitPattern: try varint("count"))
        guard count >= 1 else { throw malformed("count", "at least 1", "\(count)") }
        return count
    }
}
