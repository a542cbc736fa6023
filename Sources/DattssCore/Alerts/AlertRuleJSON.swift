extension AlertRule {
    /// The longest texts that a rule has, in bytes.
    public static let textBytesMax = 4000
    /// The longest name of a rule or a channel, in bytes.
    public static let nameBytesMax = 200
    /// The longest time that a rule waits: a week.
    public static let secondsMax: Int64 = 7 * 86_400
    /// How many channels a rule may have.
    public static let channelsMax = 10

    private static let members: Set<String> = [
        "id", "name", "match", "kind", "measure", "above", "below", "equal", "outside", "recover", "for", "every", "severity",
        "text",
        "runbook", "channels", "remind", "process", "enabled",
    ]

    /// What JSON says of a rule, before it is known whether that goes together.
    private struct Draft {
        var texts: [String: String] = [:]
        var numbers: [String: Double] = [:]
        var channels: [String] = []
        var isEnabled = true
    }

    /// Reads a rule, and checks all of it.
    ///
    ///     {"name":"Slow checkout","match":"checkout.*","kind":"ms","measure":"p95","above":800,"recover":700,"for":60,
    ///      "severity":"critical","text":"…","runbook":"https://…","channels":["ops"],"remind":3600}
    ///
    /// - Parameters:
    ///   - cursor: at the rule's object.
    ///   - id: of a rule that does not say its own.
    /// - Throws: ``WireError`` that names the member.
    public init(_ cursor: inout JSONCursor, id: @autoclosure () -> String) throws(WireError) {
        var draft = Draft()
        try cursor.object { (name, cursor) throws(WireError) in
            let name = name.string
            guard Self.members.contains(name) else { throw WireError(.badValue, "\(name.prefix(40)): there is no such member") }
            if cursor.takeNull() { return }
            try located(name) { () throws(WireError) in
                switch name {
                case "above", "below", "equal", "outside", "recover", "for", "remind": draft.numbers[name] = try cursor.number()
                case "enabled": draft.isEnabled = try cursor.bool()
                case "channels":
                    try cursor.array { (index, cursor) throws(WireError) in
                        guard index < Self.channelsMax else {
                            throw WireError(.badValue, "expected at most \(Self.channelsMax)")
                        }
                        let channel = try cursor.string()
                        guard Self.isName(channel) else { throw WireError(.badName, "[\(index)]: \(Self.nameExpected)") }
                        draft.channels.append(channel)
                    }
                default: draft.texts[name] = try cursor.string()
                }
            }
        }
        try self.init(draft, id: id)
    }

    private init(_ draft: Draft, id: () -> String) throws(WireError) {
        guard let matchText = draft.texts["match"] else { throw WireError(.missingField, "match: is missing") }
        guard let match = AlertPattern(matchText) else { throw WireError(.badPath, "match: \(Self.patternExpected)") }
        guard let measureText = draft.texts["measure"] else { throw WireError(.missingField, "measure: is missing") }
        let measure: AlertMeasure = try Self.choice(measureText, "measure")
        let condition = try Self.condition(draft.numbers, of: measure)
        let given = draft.texts["id"]
        guard given.map(Self.isName) ?? true else { throw WireError(.badName, "id: \(Self.nameExpected)") }
        let name = draft.texts["name"] ?? "\(measure.rawValue) of \(matchText)"
        guard !name.isEmpty, name.utf8.count <= Self.nameBytesMax, !name.utf8.contains(where: { $0 < 0x20 }) else {
            throw WireError(.badName, "name: expected 1 to \(Self.nameBytesMax) bytes in one line")
        }
        self.init(id: given ?? id(), name: name, match: match, measure: measure, condition: condition)
        try takeKind(draft.texts["kind"])
        if let text = draft.texts["every"] {
            let cadence: AlertCadence = try Self.choice(text, "every")
            guard cadence == .minute || !measure.isMinutely else {
                throw WireError(.badValue, "every: \(measure.rawValue) is known once a minute, expected 60s")
            }
            self.cadence = cadence
        }
        try takeRecovery(draft.numbers["recover"])
        forSeconds = try Self.seconds(draft.numbers["for"], "for", atLeast: 0) ?? 0
        remindSeconds = try Self.seconds(draft.numbers["remind"], "remind", atLeast: 60)
        if let text = draft.texts["severity"] { severity = try Self.choice(text, "severity") }
        text = draft.texts["text"] ?? ""
        guard text.utf8.count <= Self.textBytesMax else {
            throw WireError(.badValue, "text: expected at most \(Self.textBytesMax) bytes")
        }
        if let runbook = draft.texts["runbook"], !runbook.isEmpty {
            guard Self.isLink(runbook) else { throw WireError(.badValue, "runbook: expected a link with http:// or https://") }
            self.runbook = runbook
        }
        guard Set(draft.channels).count == draft.channels.count else { throw WireError(.badValue, "channels: has one twice") }
        channels = draft.channels
        if let text = draft.texts["process"] {
            guard measure == .silence else { throw WireError(.badValue, "process: only the measure silence asks for one") }
            guard let process = AlertPattern(text) else { throw WireError(.badName, "process: \(Self.patternExpected)") }
            self.process = process
        }
        isEnabled = draft.isEnabled
    }

    private static let patternExpected =
        "expected 1 to \(AlertPattern.bytesMax) of A-Z a-z 0-9 _ . : ! - with * for a part and ** for any, "
        + "at most \(AlertPattern.wildcardsMax) of them"
    private static let nameExpected = "expected 1 to \(Name.processBytesMax) of A-Z a-z 0-9 _ . : ! -"

    private static func isName(_ text: String) -> Bool { Name.isValidProcess(text.utf8) }

    private static func isLink(_ text: String) -> Bool {
        (text.hasPrefix("https://") || text.hasPrefix("http://")) && text.utf8.count <= 2000
            && text.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: ">") }
    }

    private static func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ text: String, _ member: String
    ) throws(WireError) -> Value {
        if let value = Value(rawValue: text) { return value }
        let all = Value.allCases.map(\.rawValue).joined(separator: ", ")
        throw WireError(.badValue, "\(member): is '\(text.prefix(24))', expected one of \(all)")
    }

    private static func seconds(
        _ number: Double?, _ member: String, atLeast minimum: Int64
    ) throws(WireError) -> Int64? {
        guard let number else { return nil }
        guard number.isFinite, number >= Double(minimum), number <= Double(secondsMax), number == number.rounded() else {
            throw WireError(.badValue, "\(member): expected whole seconds from \(minimum) to \(secondsMax)")
        }
        return Int64(number)
    }

    private static func condition(
        _ numbers: [String: Double], of measure: AlertMeasure
    ) throws(WireError) -> AlertCondition? {
        let given = ["above", "below", "equal", "outside"].filter { numbers[$0] != nil }
        guard measure.isNumber else {
            if let name = given.first { throw WireError(.badValue, "\(name): \(measure.rawValue) has no threshold") }
            return nil
        }
        guard given.count == 1, let name = given.first, let number = numbers[name] else {
            let names = measure == .usual ? "outside, above or below" : "above, below or equal"
            throw WireError(
                given.isEmpty ? .missingField : .badValue, "\(given.first ?? "above"): expected exactly one of \(names)")
        }
        guard number.isFinite else { throw WireError(.badValue, "\(name): expected a number that is finite") }
        switch name {
        case "above": return .above(number)
        case "below": return .below(number)
        case "equal":
            guard measure != .usual else { throw WireError(.badValue, "equal: a score is compared with outside, above or below") }
            return .equal(number)
        default:
            guard measure == .usual else { throw WireError(.badValue, "outside: only the measure usual has a usual") }
            guard number > 0 else { throw WireError(.badValue, "outside: expected a score of more than 0") }
            return .outside(number)
        }
    }

    private mutating func takeKind(_ text: String?) throws(WireError) {
        guard let text else { return }
        guard let kind = Kind(symbol: text) else {
            throw WireError(.badKind, "kind: is '\(text.prefix(16))', expected c, ms or g")
        }
        guard measure.kinds.contains(kind) else {
            let kinds = measure.kinds.sorted().map(\.symbol).joined(separator: ", ")
            let expected = kinds.isEmpty ? "a program has no kind" : "\(measure.rawValue) is there of \(kinds)"
            throw WireError(.badKind, "kind: is \(text), but \(expected)")
        }
        self.kind = kind
    }

    private mutating func takeRecovery(_ number: Double?) throws(WireError) {
        guard let number else { return }
        guard number.isFinite else { throw WireError(.badValue, "recover: expected a number that is finite") }
        let isRight: Bool
        let expected: String
        switch condition {
        case .above(let threshold): (isRight, expected) = (number <= threshold, "at most \(threshold), the threshold")
        case .below(let threshold): (isRight, expected) = (number >= threshold, "at least \(threshold), the threshold")
        case .outside(let threshold):
            (isRight, expected) = ((0...threshold).contains(number), "from 0 to \(threshold), the threshold")
        case .equal, nil: (isRight, expected) = (false, "none: there is only one value that is wrong")
        }
        guard isRight else { throw WireError(.badValue, "recover: is \(number), expected \(expected)") }
        recover = number
    }

    /// Writes the rule as ``init(_:id:)`` reads it.
    public func write(_ json: inout JSONWriter) {
        json.object { json in writeMembers(&json) }
    }

    /// Writes the members of the rule's object, for an object that has more of them.
    public func writeMembers(_ json: inout JSONWriter) {
        json.member("id", id)
        json.member("name", name)
        json.member("match", match.description)
        if let kind { json.member("kind", kind.symbol) }
        json.member("measure", measure.rawValue)
        switch condition {
        case .above(let threshold): json.member("above", threshold)
        case .below(let threshold): json.member("below", threshold)
        case .equal(let threshold): json.member("equal", threshold)
        case .outside(let threshold): json.member("outside", threshold)
        case nil: break
        }
        if let recover { json.member("recover", recover) }
        json.member("for", forSeconds)
        json.member("every", cadence.rawValue)
        json.member("severity", severity.rawValue)
        if !text.isEmpty { json.member("text", text) }
        if let runbook { json.member("runbook", runbook) }
        json.array("channels") { json in
            for channel in channels { json.value(channel) }
        }
        if let remindSeconds { json.member("remind", remindSeconds) }
        if let process { json.member("process", process.description) }
        json.member("enabled", isEnabled)
    }
}
