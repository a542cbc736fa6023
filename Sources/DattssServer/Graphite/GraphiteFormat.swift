import DattssCore
import DattssLog
import DattssQuery
import NIOCore

/// In which form `/render` answers (https://graphite.readthedocs.io/en/latest/render_api.html#format).
enum GraphiteFormat: String, CaseIterable {
    case json, csv, raw, pickle

    var contentType: String {
        switch self {
        case .json: Rendering.jsonType
        case .csv: "text/csv"
        case .raw: "text/plain"
        case .pickle: "application/pickle"
        }
    }

    /// - Parameter zone: whose clocks tell the times of CSV.
    func written(_ series: [GraphiteSeries], pointsMax: Int?, hasGaps: Bool, in zone: some TimeZoneRules) -> ByteBuffer {
        switch self {
        case .json: GraphiteJSON.series(series, pointsMax: pointsMax, hasGaps: hasGaps).buffer
        case .csv: Self.csv(series, zone)
        case .raw: Self.raw(series)
        case .pickle: ByteBuffer(bytes: GraphitePickle.written(series))
        }
    }

    /// Lines of a name, the local time and a value, which is empty in a gap.
    private static func csv(_ series: [GraphiteSeries], _ zone: some TimeZoneRules) -> ByteBuffer {
        var buffer = ByteBuffer()
        for one in series {
            let name = quoted(one.name)
            for (index, value) in one.points.enumerated() {
                let at = Timestamp(seconds: Int64(one.start + index * one.pointSeconds))
                let text = value.isNaN ? "" : "\(value)"
                buffer.writeString("\(name),\(localTime(at, zone)),\(text)\r\n")
            }
        }
        return buffer
    }

    /// As RFC 4180 has it, and only where it has to be.
    private static func quoted(_ text: String) -> String {
        guard text.contains(where: { ",\"\r\n".contains($0) }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }

    private static func localTime(_ time: Timestamp, _ zone: some TimeZoneRules) -> String {
        let seconds = time.seconds + zone.secondsFromUTC(at: time)
        let day = seconds.flooredQuotient(by: 86_400)
        return "\(CalendarDate(dayNumber: day)) \(InternetDate.timeOfDay(seconds - day * 86_400))"
    }

    /// A line for each series: `name,start,end,step|value,None,…`.
    private static func raw(_ series: [GraphiteSeries]) -> ByteBuffer {
        var buffer = ByteBuffer()
        for one in series {
            let (points, end) = one.pointsAndEnd
            buffer.writeString("\(one.name),\(one.start),\(end),\(one.pointSeconds)|")
            buffer.writeString(points.map { $0.isNaN ? "None" : "\($0)" }.joined(separator: ","))
            buffer.writeString("\n")
        }
        return buffer
    }
}

extension GraphiteSeries {
    /// The points, and when the last one of them ends, in seconds since 1970.
    fileprivate var pointsAndEnd: (points: [Double], end: Int) {
        let points = points
        return (points, start + points.count * pointSeconds)
    }
}

/// Series as Python's pickle of protocol 2 has them (PEP 307), a list of dictionaries. Only written: what others pickled is never read.
enum GraphitePickle {
    static func written(_ series: [GraphiteSeries]) -> [UInt8] {
        var bytes = ByteWriter()
        bytes.append([0x80, 2])
        list(series, &bytes) { one, bytes in
            let (points, end) = one.pointsAndEnd
            let numbers = [("start", one.start), ("end", end), ("step", one.pointSeconds), ("valuesPerPoint", 1)]
            // An empty dictionary, a mark, and behind all members: put them in.
            bytes.append([Opcode.emptyDictionary, Opcode.mark])
            for (name, text) in [("name", one.name), ("pathExpression", one.name)] {
                string(name, &bytes)
                string(text, &bytes)
            }
            for (name, number) in numbers {
                string(name, &bytes)
                integer(number, &bytes)
            }
            string("values", &bytes)
            list(points, &bytes) { value, bytes in number(value, &bytes) }
            bytes.append(Opcode.setItems)
        }
        bytes.append(Opcode.stop)
        return bytes.bytes
    }

    private enum Opcode {
        static let emptyDictionary = UInt8(ascii: "}"), mark = UInt8(ascii: "("), setItems = UInt8(ascii: "u")
        static let emptyList = UInt8(ascii: "]"), appendAll = UInt8(ascii: "e"), stop = UInt8(ascii: ".")
        static let unicode = UInt8(ascii: "X"), float = UInt8(ascii: "G"), none = UInt8(ascii: "N"), long: UInt8 = 0x8A
    }

    private static func list<Element>(
        _ elements: [Element], _ bytes: inout ByteWriter, _ write: (Element, inout ByteWriter) -> Void
    ) {
        bytes.append([Opcode.emptyList, Opcode.mark])
        for element in elements { write(element, &bytes) }
        bytes.append(Opcode.appendAll)
    }

    private static func string(_ text: String, _ bytes: inout ByteWriter) {
        let utf8 = Array(text.utf8)
        bytes.append(Opcode.unicode)
        bytes.appendFixed(UInt32(utf8.count))
        bytes.append(utf8)
    }

    /// Eight bytes, the lowest first, whose highest bit is the sign.
    private static func integer(_ number: Int, _ bytes: inout ByteWriter) {
        bytes.append([Opcode.long, 8])
        bytes.appendFixed(UInt64(bitPattern: Int64(number)))
    }

    private static func number(_ value: Double, _ bytes: inout ByteWriter) {
        if value.isNaN { return bytes.append(Opcode.none) }
        bytes.append(Opcode.float)
        // The highest byte first.
        bytes.appendFixed(value.bitPattern.byteSwapped)
    }
}
