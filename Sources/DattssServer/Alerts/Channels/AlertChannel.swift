import DattssCore

/// A way by which messages reach somebody, as a user has set it up.
struct AlertChannel: Sendable, Hashable {
    /// Names it among those of its user.
    var name: String
    var type: ChannelType
    /// What the type needs, by the name of the member in JSON.
    var settings: [String: String] = [:]
    /// For the type `http`: headers of the request, whose values may have `{{secret}}`.
    var headers: [String: String] = [:]

    /// The kinds of channels.
    enum ChannelType: String, Sendable, CaseIterable {
        /// JSON, signed by HMAC-SHA256.
        case webhook
        /// A letter, to the user's own address.
        case mail
        /// What Slack, Mattermost, Rocket.Chat and others take at an incoming webhook.
        case slack
        /// Events API v2.
        case pagerduty
        /// The API v2 of an Alertmanager.
        case alertmanager
        case ntfy
        case gotify
        /// A program on the server's machine, one of those that whoever runs the server has put there.
        case command
        /// Any request, by a template: providers of SMS and phone calls.
        case http

        /// Which members there are, and which of them have to be there.
        var members: (required: [String], optional: [String]) {
            switch self {
            case .webhook: (["url"], ["secret"])
            case .mail: ([], ["to"])
            case .slack: (["url"], [])
            case .pagerduty: (["secret"], ["url"])
            case .alertmanager: (["url"], ["secret"])
            case .ntfy, .gotify: (["url"], ["secret"])
            case .command: (["command"], [])
            case .http: (["url", "body"], ["method", "secret"])
            }
        }
    }

    /// Members that no answer shows again. (A webhook's address of Slack is itself one.)
    private var hiddenMembers: Set<String> { type == .slack ? ["url", "secret"] : ["secret"] }
    /// What stands for one in answers, and, sent back, for the one that is known.
    static let hidden = "(not shown)"

    static let valueBytesMax = 4000
    static let headersMax = 20

    /// Reads a channel.
    /// - Parameter known: the channel of this name so far, of which what is not shown may be kept.
    /// - Throws: ``WireError`` that names the member.
    init(_ cursor: inout JSONCursor, named name: String, known: AlertChannel?) throws(WireError) {
        var texts: [String: String] = [:]
        var headers: [String: String] = [:]
        try cursor.object { (member, cursor) throws(WireError) in
            let member = member.string
            if cursor.takeNull() { return }
            try located(member) { () throws(WireError) in
                if member == "headers" {
                    try cursor.object { (name, cursor) throws(WireError) in headers[name.string] = try cursor.string() }
                } else {
                    texts[member] = try cursor.string()
                }
            }
        }
        guard Name.isValidProcess(name.utf8) else {
            throw WireError(.badName, "name: expected 1 to \(Name.processBytesMax) of A-Z a-z 0-9 _ . : ! -")
        }
        guard let typeText = texts.removeValue(forKey: "type") else { throw WireError(.missingField, "type: is missing") }
        guard let type = ChannelType(rawValue: typeText) else {
            let all = ChannelType.allCases.map(\.rawValue).joined(separator: ", ")
            throw WireError(.badValue, "type: is '\(typeText.prefix(24))', expected one of \(all)")
        }
        texts["name"] = nil
        (self.name, self.type) = (name, type)
        for (member, text) in texts {
            guard (type.members.required + type.members.optional).contains(member) else {
                throw WireError(.badValue, "\(member.prefix(40)): a channel of the type \(type.rawValue) has no such member")
            }
            guard !text.isEmpty, text.utf8.count <= Self.valueBytesMax else {
                throw WireError(.badValue, "\(member): expected 1 to \(Self.valueBytesMax) bytes")
            }
            let isKept = text == Self.hidden && hiddenMembers.contains(member) && known?.type == type
            guard let value = isKept ? known?.settings[member] : text else { throw WireError(.badValue, "\(member): is not known") }
            settings[member] = value
        }
        // Whoever changes where a secret goes has to know it.
        if let known, known.settings["url"] != settings["url"], texts["secret"] == Self.hidden {
            throw WireError(.badValue, "secret: has to be given again, because the url is another")
        }
        try check(headers)
    }

    private mutating func check(_ headers: [String: String]) throws(WireError) {
        for member in type.members.required where settings[member] == nil {
            throw WireError(.missingField, "\(member): is missing")
        }
        if let url = settings["url"], OutgoingRequest.host(of: url) == nil {
            throw WireError(.badValue, "url: expected http:// or https://, a host, and no name or password")
        }
        if let to = settings["to"], EmailAddress(to) == nil {
            throw WireError(.badValue, "to: \(EmailAddress.expected)")
        }
        if let command = settings["command"], !Self.isCommand(command) {
            throw WireError(.badName, "command: expected the name of one of the server's commands, without a folder")
        }
        if let method = settings["method"], !["POST", "PUT", "GET"].contains(method) {
            throw WireError(.badValue, "method: expected POST, PUT or GET")
        }
        guard headers.isEmpty || type == .http else {
            throw WireError(.badValue, "headers: only a channel of the type http has headers")
        }
        guard headers.count <= Self.headersMax else { throw WireError(.badValue, "headers: expected at most \(Self.headersMax)") }
        for (name, value) in headers {
            guard Self.isHeaderName(name), Self.isHeaderValue(value) else {
                throw WireError(.badValue, "headers.\(name.prefix(40)): expected a header's name, and a value in one line")
            }
        }
        if let secret = settings["secret"], !Self.isHeaderValue(secret) {
            throw WireError(.badValue, "secret: expected printable ASCII")
        }
        self.headers = headers
    }

    static func isCommand(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 64 && name.utf8.first != UInt8(ascii: ".") && Name.isValidProcess(name.utf8)
    }

    private static func isHeaderName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 100
            && text.utf8.allSatisfy { byte in
                Name.isNameByte(byte) && byte != UInt8(ascii: ":") && byte != UInt8(ascii: ".") && byte != UInt8(ascii: "!")
            }
            && !["host", "content-length", "transfer-encoding", "connection"].contains(text.lowercased())
    }

    private static func isHeaderValue(_ text: String) -> Bool {
        text.utf8.count <= 2000 && text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
    }

    /// Writes the channel.
    /// - Parameter showsSecrets: only for the accounts.
    func write(_ json: inout JSONWriter, showsSecrets: Bool) {
        json.object { json in
            json.member("name", name)
            json.member("type", type.rawValue)
            let hidden = showsSecrets ? [] : hiddenMembers
            func member(_ name: StaticString, _ json: inout JSONWriter) {
                guard let value = settings["\(name)"] else { return }
                json.member(name, hidden.contains("\(name)") ? Self.hidden : value)
            }
            member("url", &json)
            member("secret", &json)
            member("to", &json)
            member("command", &json)
            member("method", &json)
            member("body", &json)
            guard !headers.isEmpty else { return }
            let headers = headers
            json.headers("headers", headers)
        }
    }
}

extension JSONWriter {
    /// Writes a member that is an object of strings, whose names may need escapes.
    fileprivate mutating func headers(_ name: StaticString, _ headers: [String: String]) {
        object(name) { json in
            for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
                json.name(escaping: name)
                json.value(value)
            }
        }
    }
}
