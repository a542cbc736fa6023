import CZlib

/// A drawing as PNG (ISO/IEC 15948): a byte a pixel, which is the number of a colour of a palette.
///
///     signature │ IHDR │ PLTE │ IDAT: zlib of (filter 0, row) … │ IEND
///     chunk: length (4) │ type (4) │ data │ CRC-32 of type and data (4), numbers begin with the highest byte
///
/// Most readers of mail show PNG and take SVG out. Rows of a plot repeat each other, which deflate finds without a filter.
enum PNG {
    static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    /// - Returns: nil when there is no memory for it.
    static func encode(_ raster: Raster) -> [UInt8]? {
        var rows: [UInt8] = []
        rows.reserveCapacity(raster.height * (raster.width + 1))
        for y in 0..<raster.height {
            rows.append(0)
            rows += raster.pixels[y * raster.width..<(y + 1) * raster.width]
        }
        guard let packed = pack(rows) else { return nil }
        // Eight bits deep, with a palette, packed by deflate, filtered row by row, not interlaced.
        let head = number(raster.width) + number(raster.height) + [8, 3, 0, 0, 0]
        let palette = Raster.Colour.allCases.flatMap(\.bytes)
        return signature + chunk("IHDR", head) + chunk("PLTE", palette) + chunk("IDAT", packed) + chunk("IEND", [])
    }

    private static func number(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }

    private static func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
        let named = Array(type.utf8) + data
        return number(data.count) + named + number(Int(crc32(0, named, uInt(named.count))))
    }

    private static func pack(_ bytes: [UInt8]) -> [UInt8]? {
        var count = compressBound(uLong(bytes.count))
        var packed = [UInt8](repeating: 0, count: Int(count))
        guard compress2(&packed, &count, bytes, uLong(bytes.count), Z_BEST_COMPRESSION) == Z_OK else { return nil }
        return Array(packed.prefix(Int(count)))
    }
}
