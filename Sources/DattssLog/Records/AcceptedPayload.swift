package import DattssCore

/// The payload of a frame of the accepted lane: the records of one minute, with consecutive LSNs from the frame's on.
///
///     version (1) │ record …        record:  milliseconds from the minute's start │ length │ bytes, see ``BatchCodec``
package enum AcceptedPayload {
    static let version: UInt8 = 1
    /// A varint below 60,000, and one of at most the cap.
    static let recordOverheadBytesMax = 3 + 4

    static func appendRecord(_ encoded: [UInt8], at time: Timestamp, to writer: inout ByteWriter) {
        writer.appendVarint(UInt64(time.milliseconds - time.minute.start.milliseconds))
        writer.appendVarint(encoded.count)
        writer.append(encoded)
    }

    /// Calls `body` for each record in order.
    package static func decode(
        _ raw: [UInt8], header: FrameHeader, _ body: (AcceptedBatch) throws(LogError) -> Void
    ) throws(LogError) {
        var names = NameCache()
        try decode(raw, header: header, &names, body)
    }

    /// - Parameter names: kept from frame to frame.
    static func decode(
        _ raw: [UInt8], header: FrameHeader, _ names: inout NameCache, _ body: (AcceptedBatch) throws(LogError) -> Void
    ) throws(LogError) {
        var reader = ByteReader(raw)
        try reader.expectVersion(version)
        for position in 0..<Int(header.recordCount) {
            let offset = try reader.varint("time of a record")
            guard offset < 60_000 else { throw reader.malformed("time of a record", "below 60,000", "\(offset)") }
            var record = try reader.section("record")
            let (user, batch) = try BatchCodec.decode(&record, &names)
            try body(
                AcceptedBatch(
                    user: user, batch: batch, at: header.minute.start.advanced(byMilliseconds: Int64(offset)),
                    lsn: header.lsn.advanced(by: position)))
        }
        try reader.expectEnd("payload")
    }
}

extension ByteReader {
    /// Every payload begins with its version, so that a later one can be told from it.
    mutating func expectVersion(_ version: UInt8) throws(LogError) {
        let found = try byte("version of the payload")
        guard found == version else {
            throw LogError(.unsupportedVersion, expected: "payload version \(version)", found: "\(found)")
        }
    }
}
