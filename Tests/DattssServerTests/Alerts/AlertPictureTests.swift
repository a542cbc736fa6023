import CZlib
import DattssCore
import Foundation
import Testing

@testable import DattssServer

@Suite("The picture of a letter")
struct AlertPictureTests {
    private static let end = Minute(29_922_167)
    private static let range = end.advanced(by: -359)..<end.advanced(by: 1)
    private static let key = StatisticKey(.gauge, "queue.length")

    /// Six hours of a wave, with half an hour of nothing, and at their end far too much.
    private static func minutes() -> [MinutePoint] {
        (0..<360).filter { !(100..<130).contains($0) }.map { place in
            let value = place < 350 ? 300 + 150 * sin(Double(place) / 40) : 900
            return MinutePoint(minute: range.lowerBound.advanced(by: Int64(place)), aggregate: Aggregate(sample: value.rounded()))
        }
    }

    private static func entry(_ event: String = "fired", measure: String = "value", threshold: Double? = 800) -> AlertMessage.Entry
    {
        AlertMessage.Entry(
            rule: "q", name: "Queue", severity: "critical", subject: "g:queue.length", event: event, value: 912.5, measure: measure,
            condition: "above 800", text: "", runbook: nil, since: end.start.seconds - 540, at: end.start.seconds + 30,
            threshold: threshold)
    }

    private static func picture(_ entry: AlertMessage.Entry) throws -> AlertPicture {
        let points = minutes()
        return try #require(AlertPicture(entry, key, points, active: MinuteRuns(points.map(\.minute)), in: range))
    }

    /// As the standard says, by other means than those that wrote it.
    private struct Decoded {
        var (width, height) = (0, 0)
        var palette: [[UInt8]] = []
        var rows: [[UInt8]] = []

        init(_ png: [UInt8]) throws {
            #expect(Array(png.prefix(8)) == [137, 80, 78, 71, 13, 10, 26, 10])
            var (rest, packed, names) = (png.dropFirst(8), [UInt8](), [String]())
            func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }
            while !rest.isEmpty {
                let count = number(rest.prefix(4))
                let body = rest.dropFirst(4).prefix(4 + count)
                try #require(body.count == 4 + count)
                #expect(number(rest.dropFirst(8 + count).prefix(4)) == Int(crc32(0, Array(body), uInt(body.count))))
                let (name, data) = (String(decoding: body.prefix(4), as: UTF8.self), Array(body.dropFirst(4)))
                names.append(name)
                switch name {
                case "IHDR":
                    (width, height) = (number(data[0..<4]), number(data[4..<8]))
                    #expect(Array(data[8...]) == [8, 3, 0, 0, 0])
                case "PLTE": palette = stride(from: 0, to: data.count, by: 3).map { Array(data[$0..<$0 + 3]) }
                default: packed += data
                }
                rest = rest.dropFirst(12 + count)
            }
            #expect(names == ["IHDR", "PLTE", "IDAT", "IEND"])
            var count = uLong(height * (width + 1))
            var bytes = [UInt8](repeating: 0, count: Int(count))
            #expect(uncompress(&bytes, &count, packed, uLong(packed.count)) == Z_OK && Int(count) == bytes.count)
            rows = (0..<height).map { Array(bytes[$0 * (width + 1)..<($0 + 1) * (width + 1)]) }
            #expect(rows.allSatisfy { $0[0] == 0 })
            rows = rows.map { Array($0.dropFirst()) }
            #expect(rows.joined().allSatisfy { Int($0) < palette.count })
        }

        func count(_ colour: Raster.Colour) -> Int { rows.joined().count { $0 == colour.rawValue } }
    }

    @Test("is a PNG with the curve, its gap, the threshold, and the time in which it fires")
    func png() throws {
        let picture = try Self.picture(Self.entry())
        if let path = ProcessInfo.processInfo.environment["DATTSS_PICTURE"] {
            try Data(picture.png).write(to: URL(fileURLWithPath: path))
        }
        let decoded = try Decoded(picture.png)
        #expect((decoded.width, decoded.height) == (2 * AlertPlot.shownWidth, 2 * AlertPlot.shownHeight))
        #expect(decoded.palette.count == Raster.Colour.allCases.count && decoded.palette[0] == [255, 255, 255])
        for colour in Raster.Colour.allCases { #expect(decoded.count(colour) > 50, "\(colour)") }
        // Nothing is drawn over the half hour of which nothing is known.
        let columns = (0..<decoded.width).map { column in decoded.rows.count { $0[column] == Raster.Colour.curve.rawValue } }
        let drawn = columns.indices.filter { columns[$0] > 0 }
        let gap = zip(drawn, drawn.dropFirst()).map { $1 - $0 }.max() ?? 0
        #expect((60...100).contains(gap), "\(gap)")
        #expect(picture.png.count < 20_000)
        #expect(picture.text == "queue.length in the last hours: value from 150 to 900; the threshold is 800")
    }

    @Test("has no threshold where none is compared, and nothing that fires when it is good again")
    func others() throws {
        let score = try Decoded(try Self.picture(Self.entry(measure: "usual", threshold: 6)).png)
        #expect(score.count(.threshold) == 0 && score.count(.fired) > 0)
        let good = try Decoded(try Self.picture(Self.entry("resolved")).png)
        #expect(good.count(.fired) == 0 && good.count(.threshold) > 0)
        #expect(AlertPicture(Self.entry(), Self.key, [], active: MinuteRuns(), in: Self.range) == nil)
    }

    @Test(
        "stands any numbers",
        arguments: [
            [0], [5], [-3], [1e308, -1e308], [.leastNonzeroMagnitude], [1e-12, 2e-12], [1_234_567.891, 1_234_567.892],
            [.greatestFiniteMagnitude, 0],
        ])
    func extremes(_ values: [Double]) throws {
        let points = values.enumerated().map {
            // (Between two dashes of the threshold, which may lie on it.)
            MinutePoint(minute: Self.range.lowerBound.advanced(by: 5 + Int64($0)), aggregate: Aggregate(sample: $1))
        }
        for threshold in [nil, 0, 1e300, -1e300] {
            var entry = Self.entry(threshold: threshold)
            entry.value = values.last
            let picture = try #require(
                AlertPicture(entry, Self.key, points, active: MinuteRuns(points.map(\.minute)), in: Self.range))
            #expect(try Decoded(picture.png).count(.curve) > 0, "\(values) \(threshold ?? 0)")
        }
    }

    @Test("stands in the letter, which says without it what it shows")
    func letter() throws {
        let picture = try Self.picture(Self.entry())
        let to = try #require(EmailAddress("ann@example.com"))
        let from = try #require(EmailAddress("d@example.org"))
        let text = String(
            decoding: AlertMail(AlertMessage([Self.entry()], key: "k"), to: to, link: "https://d/#alerts", picture: picture)
                .message(from: from, at: Date(timeIntervalSince1970: 0)), as: UTF8.self)
        #expect(!text.replacing("\r\n", with: "").contains("\n"))
        #expect(text.split(separator: "\r\n").allSatisfy { $0.utf8.count <= 998 })
        let outer = text.components(separatedBy: "--dattss-k")
        #expect(outer.count == 4 && outer[1].contains("text/plain") && outer[2].contains("multipart/related"))
        let inner = outer[2].components(separatedBy: "--related-k")
        #expect(inner.count == 4 && inner[3] == "--\r\n")
        func body(_ part: String) throws -> Data {
            try #require(Data(base64Encoded: part.components(separatedBy: "\r\n\r\n")[1], options: .ignoreUnknownCharacters))
        }
        let html = String(decoding: try body(inner[1]), as: UTF8.self)
        #expect(html.contains(#"<img src="cid:plot-k@example.org" width="520" height="170" alt="queue.length in the last hours:"#))
        #expect(inner[2].contains("Content-ID: <plot-k@example.org>\r\n") && inner[2].contains("Content-Type: image/png"))
        #expect(Array(try body(inner[2])) == picture.png)
    }
}
