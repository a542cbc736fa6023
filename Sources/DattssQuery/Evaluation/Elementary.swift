import LibC

/// The functions of the C library that the standard library does not have.
enum Elementary {
    static func exp(_ value: Double) -> Double { LibC.exp(value) }
    static func log(_ value: Double) -> Double { LibC.log(value) }
    static func log2(_ value: Double) -> Double { LibC.log2(value) }
    static func log10(_ value: Double) -> Double { LibC.log10(value) }
    static func power(_ base: Double, _ exponent: Double) -> Double { LibC.pow(base, exponent) }
    static func arcTangent(_ y: Double, _ x: Double) -> Double { LibC.atan2(y, x) }
}
