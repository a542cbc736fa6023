/// A drawing of pixels of a few colours.
struct Raster: Sendable, Hashable {
    let width: Int
    let height: Int
    /// Row by row from the top, each the number of a ``Colour``.
    private(set) var pixels: [UInt8]

    /// What is drawn with.
    enum Colour: UInt8, CaseIterable, Sendable {
        case ground, grid, axis, curve, fired, threshold, ink

        /// Red, green, blue.
        var bytes: [UInt8] {
            switch self {
            case .ground: [0xFF, 0xFF, 0xFF]
            case .grid: [0xE6, 0xE8, 0xEB]
            case .axis: [0x8A, 0x92, 0x9C]
            case .curve: [0x2B, 0x6C, 0xB0]
            case .fired: [0xFB, 0xDE, 0xDC]
            case .threshold: [0xC8, 0x32, 0x2B]
            case .ink: [0x33, 0x3A, 0x42]
            }
        }
    }

    init(width: Int, height: Int) {
        (self.width, self.height) = (width, height)
        pixels = Array(repeating: Colour.ground.rawValue, count: width * height)
    }

    /// Fills what is within the drawing of a rectangle.
    mutating func fill(x: Range<Int>, y: Range<Int>, _ colour: Colour) {
        for row in y.clamped(to: 0..<height) {
            for column in x.clamped(to: 0..<width) { pixels[row * width + column] = colour.rawValue }
        }
    }

    // MARK: Letters

    /// The width of a letter and the space behind it, and its height, in points of the font.
    private static let (letterWidth, letterHeight) = (6, 7)

    static func textWidth(_ text: String, scale: Int) -> Int { text.count * letterWidth * scale }
    static func textHeight(scale: Int) -> Int { letterHeight * scale }

    /// Draws digits and what stands among them; of what there is no letter, nothing.
    /// - Parameters:
    ///   - x: the left end.
    ///   - y: the upper end.
    ///   - scale: how many pixels a point of the font is wide.
    mutating func draw(_ text: String, x: Int, y: Int, scale: Int, _ colour: Colour) {
        for (place, letter) in text.enumerated() {
            guard let rows = Self.font[letter] else { continue }
            for (row, bits) in rows.enumerated() {
                for column in 0..<5 where bits & (16 >> column) != 0 {
                    let (left, top) = (x + (place * Self.letterWidth + column) * scale, y + row * scale)
                    fill(x: left..<left + scale, y: top..<top + scale, colour)
                }
            }
        }
    }

    /// Seven rows of five points, the highest bit at the left.
    private static let font: [Character: [UInt8]] = [
        "0": [0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110],
        "1": [0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110],
        "2": [0b01110, 0b10001, 0b00001, 0b00010, 0b00100, 0b01000, 0b11111],
        "3": [0b11111, 0b00010, 0b00100, 0b00010, 0b00001, 0b10001, 0b01110],
        "4": [0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010],
        "5": [0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110],
        "6": [0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110],
        "7": [0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000],
        "8": [0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110],
        "9": [0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100],
        ".": [0, 0, 0, 0, 0, 0b01100, 0b01100],
        ":": [0, 0b01100, 0b01100, 0, 0b01100, 0b01100, 0],
        "-": [0, 0, 0, 0b11111, 0, 0, 0],
        "+": [0, 0b00100, 0b00100, 0b11111, 0b00100, 0b00100, 0],
        "e": [0, 0, 0b01110, 0b10001, 0b11111, 0b10000, 0b01110],
        "U": [0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b01110],
        "T": [0b11111, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100],
        "C": [0b01110, 0b10001, 0b10000, 0b10000, 0b10000, 0b10001, 0b01110],
    ]
}
