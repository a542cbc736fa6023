/// The cyclic redundancy check of Castagnoli (reflected polynomial 0x82F63B78), as in iSCSI (RFC 3720, appendix B.4).
///
/// Slicing by eight (Kounavis & Berry, 2005): eight tables, so that eight bytes cost eight look-ups that do not wait
/// for each other.
package enum CRC32C {
    package static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        tables.withUnsafeBufferPointer { table in
            var crc: UInt32 = 0xFFFF_FFFF
            var offset = 0
            while bytes.count - offset >= 8 {
                let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                let mixed = word ^ UInt64(crc)
                crc = table[7 * 256 + Int(mixed & 0xFF)]
                crc ^= table[6 * 256 + Int(mixed >> 8 & 0xFF)]
                crc ^= table[5 * 256 + Int(mixed >> 16 & 0xFF)]
                crc ^= table[4 * 256 + Int(mixed >> 24 & 0xFF)]
                crc ^= table[3 * 256 + Int(mixed >> 32 & 0xFF)]
                crc ^= table[2 * 256 + Int(mixed >> 40 & 0xFF)]
                crc ^= table[1 * 256 + Int(mixed >> 48 & 0xFF)]
                crc ^= table[Int(mixed >> 56)]
                offset += 8
            }
            while offset < bytes.count {
                crc = crc >> 8 ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ bytes[offset])]
                offset += 1
            }
            return ~crc
        }
    }

    package static func checksum(_ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBytes { checksum($0) }
    }

    package static func checksum(_ bytes: [UInt8], in range: Range<Int>) -> UInt32 {
        bytes.withUnsafeBytes { checksum(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    /// Table k at 256 k: what a byte contributes that k bytes follow.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var crc = UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
            tables[byte] = crc
        }
        for slot in 256..<tables.count {
            let previous = tables[slot - 256]
            tables[slot] = previous >> 8 ^ tables[Int(previous & 0xFF)]
        }
        return tables
    }()
}
