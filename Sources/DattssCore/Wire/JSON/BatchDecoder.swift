import CPlatform

/// Decodes the body of `PUT /agg`, version 2 and version 1, straight into partials.
///
/// A body is taken whole or not at all; the error names the first offending field and its index. Members that are not
/// known are passed over, so that clients may grow; one that is known may be there once.
public enum BatchDecoder {
    /// Decodes one body.
    /// - Throws: what is wrong with the first offending field.
    public static func decode(
        _ bytes: UnsafeRawBufferPointer, limits: Limits = Limits()
    ) throws(WireError) -> Batch {
        var paths = NameCache.none
        return try decode(bytes, limits: limits, paths: &paths)
    }

    /// Decodes a body with the paths that were met before, for callers that decode many.
    /// - Parameter paths: the paths that were met before.
    public static func decode(
        _ bytes: UnsafeRawBufferPointer, limits: Limits = Limits(), paths: inout NameCache
    ) throws(WireError) -> Batch {
        try decode(bytes, limits: limits, paths: &paths, readsAhead: true)
    }

    /// - Parameter readsAhead: see ``JSONCursor/readAheadCount``.
    static func decode(
        _ bytes: UnsafeRawBufferPointer, limits: Limits, paths: inout NameCache, readsAhead: Bool
    ) throws(WireError) -> Batch {
        var batch = Batch(partials: [])
        var client: String?
        var sequence: Int64?
        var seen = SeenMembers()
        try JSONCursor.read(bytes, readsAhead: readsAhead) { (cursor) throws(WireError) in
            try cursor.members { (name, cursor) throws(WireError) in
                if name == "prt" {
                    try seen.insert(0, "prt")
                    batch.partials = try partials(&cursor, limits: limits, &paths)
                } else if name == "nam" {
                    try seen.insert(1, "nam")
                    batch.process = try process(&cursor)
                } else if name == "upt" {
                    try seen.insert(2, "upt")
                    batch.uptimeSeconds = try optional(&cursor, "upt") { (cursor) throws(WireError) in try cursor.number() }
                } else if name == "cid" {
                    try seen.insert(3, "cid")
                    client = try self.client(&cursor)
                } else if name == "seq" {
                    try seen.insert(4, "seq")
                    sequence = try self.sequence(&cursor)
                } else {
                    try cursor.skipValue()
                }
            }
        }
        guard seen.contains(0) else { throw WireError(.missingField, "prt: is missing") }
        batch.origin = try origin(client, sequence)
        return batch
    }

    private static func partials(
        _ cursor: inout JSONCursor, limits: Limits, _ paths: inout NameCache
    ) throws(WireError) -> [Partial] {
        var partials: [Partial] = []
        partials.reserveCapacity(min(limits.partialsPerBatch, cursor.remainingBytes / usualPartialBytes + 1))
        var seen: UInt8 = 0
        try located("prt") { () throws(WireError) in
            try cursor.openObject()
            var isFirst = true
            while let name = try cursor.nextMember(&isFirst) {
                guard let kind = kind(of: name) else {
                    throw WireError(.badKind, "'\(name.string.prefix(32))' is no kind, expected c, ms or g")
                }
                guard seen & 1 << kind.rawValue == 0 else { throw WireError(.malformed, "\(kind.symbol) is there twice") }
                seen |= 1 << kind.rawValue
                try located(".\(kind.symbol)") { () throws(WireError) in
                    try append(&cursor, kind, to: &partials, limits: limits, &paths)
                }
            }
        }
        for kind in Kind.allCases where seen & 1 << kind.rawValue == 0 {
            throw WireError(.missingField, "prt.\(kind.symbol): is missing")
        }
        return partials
    }

    /// The partials of one kind.
    private static func append(
        _ cursor: inout JSONCursor, _ kind: Kind, to partials: inout [Partial], limits: Limits, _ paths: inout NameCache
    ) throws(WireError) {
        try cursor.openArray()
        var decoder = PartialDecoder(kind: kind)
        var index = 0
        while try cursor.nextElement(isFirst: index == 0) {
            guard partials.count < limits.partialsPerBatch else {
                throw WireError(.tooManyPartials, "more than \(limits.partialsPerBatch) partials in a batch")
            }
            do throws(WireError) {
                try decoder.decode(&cursor, to: &partials, &paths)
            } catch {
                throw error.within("[\(index)]")
            }
            index += 1
            if index.isMultiple(of: 32) { thread_give_way() }
        }
    }

    /// One without a sketch takes about as much.
    private static let usualPartialBytes = 128

    private static func kind(of name: JSONName) -> Kind? {
        if name == "c" { return .counter }
        if name == "ms" { return .timer }
        if name == "g" { return .gauge }
        return nil
    }

    private static func process(_ cursor: inout JSONCursor) throws(WireError) -> String? {
        let name = try optional(&cursor, "nam") { (cursor) throws(WireError) in try cursor.string() }
        if let name, !Name.isValidProcess(name.utf8) {
            throw WireError(.badName, "nam: expected 1 to \(Name.processBytesMax) of A-Z a-z 0-9 _ . : ! -")
        }
        return name
    }

    private static func client(_ cursor: inout JSONCursor) throws(WireError) -> String? {
        let name = try optional(&cursor, "cid") { (cursor) throws(WireError) in try cursor.string() }
        if let name, !Name.isValidClient(name.utf8) {
            throw WireError(.badName, "cid: expected 1 to \(Name.clientBytesMax) of A-Z a-z 0-9 _ . : ! -")
        }
        return name
    }

    private static func sequence(_ cursor: inout JSONCursor) throws(WireError) -> Int64? {
        guard let number = try optional(&cursor, "seq", { (cursor) throws(WireError) in try cursor.integer() })
        else { return nil }
        guard let sequence = Int64(exactly: number), 0...Aggregate.countMax ~= sequence else {
            throw WireError(.badValue, "seq: is \(number), expected an integer from 0 to 2^53")
        }
        return sequence
    }

    private static func origin(_ client: String?, _ sequence: Int64?) throws(WireError) -> Batch.Origin? {
        switch (client, sequence) {
        case (let client?, let sequence?): return Batch.Origin(client: client, sequence: sequence)
        case (nil, nil): return nil
        case (nil, _): throw WireError(.missingField, "cid: is missing, seq is there")
        case (_, nil): throw WireError(.missingField, "seq: is missing, cid is there")
        }
    }

    private static func optional<Value>(
        _ cursor: inout JSONCursor, _ field: String, _ read: (inout JSONCursor) throws(WireError) -> Value
    ) throws(WireError) -> Value? {
        if cursor.takeNull() { return nil }
        return try located(field) { () throws(WireError) in try read(&cursor) }
    }
}
