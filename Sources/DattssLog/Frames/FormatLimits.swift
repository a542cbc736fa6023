/// The caps of the format. A reader checks each length against them before it allocates, so that no file, however
/// damaged, makes it ask for more.
package enum FormatLimits {
    /// The payload of a frame before compression.
    package static let rawBytesMax = 16 << 20
    /// The payload of a frame after compression: zstd adds at most 1/256 and a little.
    package static let compressedBytesMax = 17 << 20
    /// Where a writer begins another frame.
    package static let rawBytesTarget = 4 << 20
    /// Statistics in one part of a block or checkpoint. A statistic takes few bytes in a payload but hundreds in
    /// memory, so bytes alone would not bound what a reader allocates.
    package static let statisticsPerPartMax = 65_536
    /// Statistics of which one segment of the minute lane keeps the names.
    package static let idsPerSegmentMax = 1 << 24
    /// Where the accepted lane begins another segment.
    package static let segmentBytesTarget = 64 << 20
    /// Far beyond any count there will be, and far from overflowing.
    package static let lsnMax: UInt64 = 1 << 62
    /// Some two million years around 1970.
    package static let minuteMagnitudeMax: Int64 = 1 << 40
}
