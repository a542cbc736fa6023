/// Which bucket a magnitude falls into, and which magnitude stands for a bucket.
///
/// A double is 2^e · (1 + m/2^52). Its bucket is 32 e plus the number of the interval between two boundaries
/// 2^(k/32) in which 1 + m/2^52 lies: exponent bits, and a table over the mantissa, no logarithm. The boundaries are
/// irrational (but for k = 0), so rounding them down to 52 bits keeps every comparison exact.
public enum SketchIndex {
    /// Buckets for each doubling: scale 5.
    public static let bucketsPerDoubling: Int32 = 32

    /// γ = 2^(1/32).
    public static let gamma = 1.0218971486541166

    /// (γ − 1)/(γ + 1): how far ``representative(of:)`` may be from a sample of the bucket.
    public static let relativeError = (gamma - 1) / (gamma + 1)

    /// The indices of the smallest and the largest positive double.
    public static let range: ClosedRange<Int32> = -34369...32767

    /// The index `i` for which γ^i < magnitude ≤ γ^(i+1).
    /// - Parameter magnitude: positive and finite.
    @inlinable
    public static func of(magnitude: Double) -> Int32 {
        if magnitude < Double.leastNormalMagnitude {
            return ofNormal(magnitude * 0x1p64) - 64 * bucketsPerDoubling
        }
        return ofNormal(magnitude)
    }

    @inlinable
    static func ofNormal(_ magnitude: Double) -> Int32 {
        let bits = magnitude.bitPattern
        let exponent = Int32(truncatingIfNeeded: bits >> 52) - 1023
        let mantissa = bits & 0x000F_FFFF_FFFF_FFFF
        // A cell is narrower than any interval, so that at most one boundary lies in it.
        let below = boundariesBelowCell[Int(mantissa >> 46)]
        return exponent * bucketsPerDoubling + Int32(below) - 1 + (mantissa > boundaries[Int(below)] ? 1 : 0)
    }

    /// The value with the smallest largest relative error for a bucket: 2γ/(1 + γ) times its lower bound.
    public static func representative(of index: Int32) -> Double {
        lowerBound(of: index) * (2 * gamma / (1 + gamma))
    }

    /// γ^index, rounded down to a double.
    public static func lowerBound(of index: Int32) -> Double {
        let exponent = index >> 5
        let mantissa = boundaries[Int(index & 31)]
        let significand = Double(bitPattern: 0x3FF0_0000_0000_0000 | mantissa)
        return Double(sign: .plus, exponent: Int(exponent), significand: significand)
    }

    /// ⌊(2^(k/32) − 1) · 2^52⌋ for k in 0..<32, and behind them one that no mantissa is past.
    @usableFromInline
    static let boundaries: [UInt64] = [
        0x0_0000_0000_0000, 0x0_59B0_D315_8574, 0x0_B558_6CF9_890F, 0x1_1301_D012_5B50,
        0x1_72B8_3C7D_517A, 0x1_D487_3168_B9AA, 0x2_387A_6E75_6238, 0x2_9E9D_F51F_DEE1,
        0x3_06FE_0A31_B715, 0x3_71A7_373A_A9CA, 0x3_DEA6_4C12_3422, 0x4_4E08_6061_892D,
        0x4_BFDA_D536_2A27, 0x5_342B_569D_4F81, 0x5_AB07_DD48_5429, 0x6_247E_B03A_5584,
        0x6_A09E_667F_3BCC, 0x7_1F75_E8EC_5F73, 0x7_A114_73EB_0186, 0x8_2589_994C_CE12,
        0x8_ACE5_422A_A0DB, 0x9_3737_B0CD_C5E4, 0x9_C491_82A3_F090, 0xA_5503_B23E_255C,
        0xA_E89F_995A_D3AD, 0xB_7F76_F2FB_5E46, 0xC_199B_DD85_529C, 0xC_B720_DCEF_9069,
        0xD_5818_DCFB_A487, 0xD_FC97_337B_9B5E, 0xE_A4AF_A2A4_90D9, 0xF_5076_5B6E_4540,
        .max,
    ]

    /// For each 64th of the mantissa: how many boundaries lie below its first value. Written down, so that it is a constant.
    @usableFromInline
    static let boundariesBelowCell: [UInt8] = [
        0, 1, 2, 3, 3, 4, 5, 5, 6, 7, 7, 8, 8, 9, 10, 10,
        11, 11, 12, 13, 13, 14, 14, 15, 15, 16, 16, 17, 17, 18, 18, 19,
        19, 20, 20, 21, 21, 22, 22, 22, 23, 23, 24, 24, 25, 25, 26, 26,
        26, 27, 27, 28, 28, 28, 29, 29, 30, 30, 30, 31, 31, 31, 32, 32,
    ]
}
