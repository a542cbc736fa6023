import DattssCore
import DattssPipeline
import Hummingbird

extension Routes {
    /// `GET BASE/api/v1/marks?from=…&to=…`
    func listMarks(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context)
        let query = request.uri.queryParameters
        let from =
            try query["from"].map { try TimeParameter.parse($0, "from") } ?? clock.now().advanced(byMilliseconds: -86_400_000)
        let to = try query["to"].map { try TimeParameter.parse($0, "to") } ?? Timestamp(milliseconds: .max)
        let (marks, isCut) = try await accounts.run { try $0.marks(of: viewer.user, from: from, to: to) }
        return Response(json: MarkJSON.list(marks, isCut: isCut))
    }

    /// `POST /api/v1/marks`
    func addMark(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .send)
        let bytes = try await request.body.collected(request.headers, upTo: MarkBody.bytesMax)
        let body = try bytes.withUnsafeBytes { try MarkBody($0) }
        let mark = try body.mark(at: clock.now())
        guard let kept = try await accounts.run({ try $0.addMark(mark, of: viewer.user, by: viewer.by) }) else {
            throw WireError.badKey
        }
        return Response(json: MarkJSON.one(kept), status: .created)
    }

    /// `DELETE /api/v1/marks/{id}`
    func removeMark(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .change)
        let id = try decoded("id", context)
        guard try await accounts.run({ try $0.removeMark(id, of: viewer.user) }) else {
            throw ErrorAnswer(.notFound, .notFound, "there is no mark '\(id.prefix(64))'")
        }
        return Response(status: .noContent)
    }
}

/// `{"text":"deployed 1.4.2","time":1656581400,"tags":["api"]}`; the time, as seconds or RFC 3339, and the tags may be left out.
private struct MarkBody {
    private var text: String?
    private var time: Timestamp?
    private var tags: [String] = []

    static let bytesMax = 16_384

    init(_ bytes: UnsafeRawBufferPointer) throws {
        var read = MarkBody()
        var timeText: String?
        try JSONCursor.read(bytes) { (cursor) throws(WireError) in
            try cursor.object { (name, cursor) throws(WireError) in
                if name == "text" {
                    read.text = try located("text") { () throws(WireError) in try cursor.string() }
                } else if name == "time" {
                    timeText = try located("time") { () throws(WireError) in try Self.time(&cursor) }
                } else if name == "tags" {
                    try cursor.array { (index, cursor) throws(WireError) in
                        guard index < Mark.tagsMax else { throw WireError(.badValue, "tags: expected at most \(Mark.tagsMax)") }
                        let tag = try located("tags[\(index)]") { () throws(WireError) in try cursor.string() }
                        guard 1...Mark.tagBytesMax ~= tag.utf8.count else {
                            throw WireError(.badValue, "tags[\(index)]: expected 1 to \(Mark.tagBytesMax) bytes")
                        }
                        read.tags.append(tag)
                    }
                } else {
                    try cursor.skipValue()
                }
            }
        }
        read.time = try timeText.map { try TimeParameter.parse($0, "time") }
        self = read
    }

    private init() {}

    /// A number as its digits; nil for null.
    private static func time(_ cursor: inout JSONCursor) throws(WireError) -> String? {
        if cursor.takeNull() { return nil }
        return cursor.isAtString() ? try cursor.string() : "\(try cursor.number())"
    }

    func mark(at now: Timestamp) throws(WireError) -> Mark {
        guard let text else { throw WireError(.missingField, "text: is missing") }
        guard text.utf8.count <= Mark.textBytesMax, let mark = Mark(at: time ?? now, text: text, tags: tags, source: .api) else {
            throw WireError(.badValue, "text: expected 1 to \(Mark.textBytesMax) bytes")
        }
        guard Mark.times(at: now).contains(mark.at) else {
            throw WireError(.badValue, "time: expected one from 400 days ago until a day from now")
        }
        return mark
    }
}

/// Marks as JSON.
enum MarkJSON {
    static func list(_ marks: [Accounts.KeptMark], isCut: Bool) -> JSONWriter {
        var json = JSONWriter()
        json.object { json in
            json.array("marks") { json in for mark in marks { write(mark, &json) } }
            json.member("cut", isCut)
        }
        return json
    }

    static func one(_ mark: Accounts.KeptMark) -> JSONWriter {
        var json = JSONWriter()
        write(mark, &json)
        return json
    }

    private static func write(_ kept: Accounts.KeptMark, _ json: inout JSONWriter) {
        json.object { json in
            json.member("id", kept.id)
            json.member("at", Double(kept.mark.at.milliseconds) / 1000)
            json.member("text", kept.mark.text)
            json.array("tags") { json in for tag in kept.mark.tags { json.value(tag) } }
            json.member("source", kept.mark.source.rawValue)
            json.member("by", kept.by)
        }
    }
}
