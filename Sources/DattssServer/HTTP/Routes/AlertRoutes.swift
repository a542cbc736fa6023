import DattssCore
import DattssPipeline
import HTTPTypes
import Hummingbird

/// Rules, channels, silences, and what became of them.
extension Routes {
    func addAlerts(to api: RouterGroup<Context>) {
        api.put("alerts/rules", use: applyRules)
        api.post("alerts/rules", use: addRule)
        api.put("alerts/rules/:id", use: setRule)
        api.delete("alerts/rules/:id", use: removeRule)
        api.post("alerts/rules/:id/acknowledge", use: acknowledge)
        api.post("alerts/backtest", use: backtest)
        api.get("alerts/channels", use: listChannels)
        api.put("alerts/channels/:name", use: setChannel)
        api.delete("alerts/channels/:name", use: removeChannel)
        api.post("alerts/channels/:name/test", use: testChannel)
        api.get("alerts/messages", use: listMessages)
        api.post("alerts/silences", use: addSilence)
        api.delete("alerts/silences/:id", use: removeSilence)
    }

    /// `GET BASE/api/v1/alerts`
    func listAlerts(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context)
        let (alerts, accounts, now, user) = (alerts, accounts, clock.now(), viewer.user)
        return try await pipeline.queries.inTurn(of: viewer.asker, isWanted: context.isConnected) {
            let book = try await alerts.book(of: user)
            let messages = try await accounts.run {
                try $0.alertMessagesInHour(of: user, before: now)
            }
            let omitted = await alerts.usualOmitted[user] ?? 0
            return Response(json: AlertJSON.overview(book, usualOmitted: omitted, messagesInHour: messages, at: now))
        }
    }

    /// `GET BASE/api/v1/alerts/events?rule=slow&before=1234&limit=500`
    func listAlertEvents(_ request: Request, _ context: Context) async throws -> Response {
        let user = try viewer(request, context).user
        let parameters = request.uri.queryParameters
        let rule = parameters["rule"].map(String.init)
        let before = try Self.number(parameters["before"], "before", 1...Int64.max) ?? .max
        let limit = try Self.number(parameters["limit"], "limit", 1...Self.eventsMax) ?? Self.eventsMax
        return Response(
            json: AlertJSON.events(
                try await accounts.run { try $0.alertEvents(of: user, rule: rule, before: before, limit: Int(limit)) }))
    }

    /// So many events are in one answer.
    private static let eventsMax: Int64 = 500

    private static func number(_ text: Substring?, _ name: String, _ range: ClosedRange<Int64>) throws -> Int64? {
        guard let text else { return nil }
        guard let number = Int64(text), range.contains(number) else {
            throw ErrorAnswer(
                .badRequest, .badValue,
                "\(name): expected a whole number from \(range.lowerBound) to \(range.upperBound), not '\(text.prefix(64))'")
        }
        return number
    }

    // MARK: Rules

    /// `PUT /api/v1/alerts/rules?dry`: the rules are these and no others. With `dry=true` it is only said what would change.
    private func applyRules(_ request: Request, _ context: Context) async throws -> Response {
        let isDry = try request.uri.queryParameters["dry"].map { try Self.truth($0, "dry") } ?? false
        let viewer = try viewer(request, context, .change)
        let bytes = try await request.body.collected(request.headers, upTo: limits.bodyBytes)
        let now = Timestamp(seconds: clock.now().seconds)
        // There may be thousands: not on an event loop.
        return try await pipeline.queries.inTurn(of: viewer.asker, isWanted: context.isConnected) {
            let rules = try bytes.withUnsafeBytes { bytes throws(WireError) in try Self.rules(bytes) }
            let weekly = try bytes.withUnsafeBytes { bytes throws(WireError) in try Self.silences(bytes, now: now) }
            try await checkChannels(rules, of: viewer.user)
            let before = try await alerts.book(of: viewer.user)
            // Either both are taken or none.
            let others = before.silences.count { $0.week == nil && $0.until > now }
            guard others + (weekly?.count ?? 0) <= AlertEvaluator.silencesMax else {
                throw AccountError(.tooMany, "there are more than \(AlertEvaluator.silencesMax) silences")
            }
            if !isDry {
                try await alerts.changeRules(of: viewer.user, by: viewer.by) { $0 = rules }
                if let weekly { try await setWeekly(weekly, before.silences, of: viewer) }
            }
            return Response(json: AlertJSON.difference(from: before, to: rules, weekly))
        }
    }

    /// The silences of each week are these and no others: what is the same goes on, and those of one time are not the file's business.
    private func setWeekly(_ weekly: [AlertSilence], _ before: [AlertSilence], of viewer: Viewer) async throws {
        let change = AlertSilence.difference(from: before, to: weekly)
        guard !change.added.isEmpty || !change.removed.isEmpty else { return }
        try await alerts.changeSilences(of: viewer.user, by: viewer.by, note: "silences-set") { silences in
            let kept = silences.filter { old in old.week == nil || weekly.contains { $0.isSame(as: old) } }
            silences = kept + weekly.filter { new in !kept.contains { $0.isSame(as: new) } }
        }
    }

    /// A parameter that is `true` or `false`.
    private static func truth(_ text: Substring, _ name: String) throws -> Bool {
        switch text {
        case "true": return true
        case "false": return false
        default: throw ErrorAnswer(.badRequest, .badValue, "\(name): expected true or false, not '\(text.prefix(64))'")
        }
    }

    /// `"silences":[…]` beside the rules, each with `every`; nil when there is no such member, and all stay as they are.
    static func silences(_ bytes: UnsafeRawBufferPointer, now: Timestamp) throws(WireError) -> [AlertSilence]? {
        var silences: [AlertSilence]?
        try JSONCursor.read(bytes) { (cursor) throws(WireError) in
            try cursor.object { (name, cursor) throws(WireError) in
                guard name == "silences" else { return try cursor.skipValue() }
                var found: [AlertSilence] = []
                try cursor.array { (index, cursor) throws(WireError) in
                    guard index < AlertEvaluator.silencesMax else {
                        throw WireError(.badValue, "silences: expected at most \(AlertEvaluator.silencesMax)")
                    }
                    let silence = try inside("silences[\(index)]") { () throws(WireError) in
                        try AlertSilence(&cursor, id: Secret.randomID(), now: now)
                    }
                    guard silence.week != nil else {
                        throw WireError(.missingField, "silences[\(index)].every: is missing; others are made by themselves")
                    }
                    try checkZone(of: silence, "silences[\(index)].every")
                    found.append(silence)
                }
                silences = found
            }
        }
        return silences
    }

    /// `{"rules":[…]}`, in which each has an ID, or a name from which one is made.
    static func rules(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> [AlertRule] {
        var rules: [AlertRule] = []
        var isThere = false
        try JSONCursor.read(bytes) { (cursor) throws(WireError) in
            try cursor.object { (name, cursor) throws(WireError) in
                guard name == "rules" else { return try cursor.skipValue() }
                isThere = true
                try cursor.array { (index, cursor) throws(WireError) in
                    guard index < AlertEvaluator.rulesMax else {
                        throw WireError(.badValue, "rules: expected at most \(AlertEvaluator.rulesMax)")
                    }
                    rules.append(
                        try inside("rules[\(index)]") { () throws(WireError) in
                            var rule = try AlertRule(&cursor, id: "")
                            if rule.id.isEmpty { rule.id = Self.slug(rule.name) }
                            return rule
                        })
                }
            }
        }
        guard isThere else { throw WireError(.missingField, "rules: is missing") }
        var known: Set<String> = []
        for (index, rule) in rules.enumerated() where !known.insert(rule.id).inserted {
            throw WireError(.badValue, "rules[\(index)].id: there are two rules '\(rule.id)'")
        }
        return rules
    }

    /// `Slow checkout!` is `slow-checkout`.
    static func slug(_ name: String) -> String {
        let words = name.lowercased().split { !(("a"..."z").contains($0) || ("0"..."9").contains($0)) }
        let slug = String(words.joined(separator: "-").prefix(Name.processBytesMax))
        return slug.isEmpty ? "rule" : slug
    }

    /// `POST /api/v1/alerts/rules`
    private func addRule(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .change)
        let rule = try await rule(request, id: nil)
        try await checkChannels([rule], of: viewer.user)
        try await alerts.changeRules(of: viewer.user, by: viewer.by) { rules in
            guard !rules.contains(where: { $0.id == rule.id }) else {
                throw ErrorAnswer(.conflict, .exists, "id: there is a rule '\(rule.id)' already")
            }
            rules.append(rule)
        }
        return Response(json: AlertJSON.rule(rule), status: .created)
    }

    /// `PUT /api/v1/alerts/rules/{id}`
    private func setRule(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .change)
        let rule = try await rule(request, id: try decoded("id", context))
        try await checkChannels([rule], of: viewer.user)
        try await alerts.changeRules(of: viewer.user, by: viewer.by) { rules in
            if let index = rules.firstIndex(where: { $0.id == rule.id }) { rules[index] = rule } else { rules.append(rule) }
        }
        return Response(json: AlertJSON.rule(rule))
    }

    private func rule(_ request: Request, id: String?) async throws -> AlertRule {
        let bytes = try await request.body.collected(request.headers, upTo: Self.smallBytesMax)
        let rule = try bytes.withUnsafeBytes { bytes throws(WireError) in
            try JSONCursor.read(bytes) { (cursor) throws(WireError) in try AlertRule(&cursor, id: id ?? Secret.randomID()) }
        }
        guard id == nil || rule.id == id else {
            throw ErrorAnswer(.badRequest, .badName, "id: is '\(rule.id)' in the body and '\(id?.prefix(64) ?? "")' in the path")
        }
        return rule
    }

    private static let smallBytesMax = 65_536

    private func checkChannels(_ rules: [AlertRule], of user: UserID) async throws {
        let known = Set(try await accounts.run { try $0.alertChannels(of: user) }.map(\.name))
        for rule in rules {
            for (index, channel) in rule.channels.enumerated() where !known.contains(channel) {
                throw ErrorAnswer(.badRequest, .badValue, "channels[\(index)]: there is no channel '\(channel)'")
            }
        }
    }

    /// `DELETE /api/v1/alerts/rules/{id}`
    private func removeRule(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .change)
        let id = try decoded("id", context)
        try await alerts.changeRules(of: viewer.user, by: viewer.by) { rules in
            guard let index = rules.firstIndex(where: { $0.id == id }) else {
                throw ErrorAnswer(.notFound, .notFound, "there is no rule '\(id.prefix(64))'")
            }
            rules.remove(at: index)
        }
        return Response(status: .noContent)
    }

    /// `POST /api/v1/alerts/rules/{id}/acknowledge`: `{"subject":"c:checkout.paid"}`, or `{}` for all that fires.
    private func acknowledge(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .change)
        let (id, body) = (try decoded("id", context), try await JSONBody(request))
        let subject = try body["subject"].map { text in
            guard let subject = AlertSubject(text) else {
                throw WireError(.badValue, "subject: expected one like c:checkout.paid or process:shop")
            }
            return subject
        }
        let count = try await alerts.acknowledge(id, subject, of: viewer.user, by: viewer.by)
        var json = JSONWriter()
        json.object { $0.member("acknowledged", Int64(count)) }
        return Response(json: json)
    }

    /// `POST /api/v1/alerts/backtest`: `{"rule":{…},"days":8,"atMost":3}`
    private func backtest(_ request: Request, _ context: Context) async throws -> Response {
        // It changes nothing, but a session's token proves that it is asked by our page.
        let viewer = try viewer(request, context)
        let user = viewer.user
        let bytes = try await request.body.collected(request.headers, upTo: Self.smallBytesMax)
        let question = try bytes.withUnsafeBytes { bytes throws(WireError) in try BacktestQuestion(bytes) }
        let (queries, unsent, now) = (pipeline.queries, memory.unsent, clock.now().minute)
        return try await queries.inTurn(of: viewer.asker, isWanted: context.isConnected) {
            let answer = try await question.answer(queries, user, now: now)
            return try Rendering(answer, within: unsent)
        }.response()
    }

    // MARK: Channels

    private func listChannels(_ request: Request, _ context: Context) async throws -> Response {
        // What they are set to may be of no business to who can only look at statistics.
        let viewer = try viewer(request, context, .change)
        return Response(json: AlertJSON.channels(try await accounts.run { try $0.alertChannels(of: viewer.user) }))
    }

    private func setChannel(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .change)
        let name = try decoded("name", context)
        let bytes = try await request.body.collected(request.headers, upTo: Self.smallBytesMax)
        let policy = web.settings.outgoing
        let channel = try await accounts.run { accounts in
            let known = try accounts.alertChannels(of: viewer.user).first { $0.name == name }
            let channel = try bytes.withUnsafeBytes { bytes throws(WireError) in
                try JSONCursor.read(bytes) { (cursor) throws(WireError) in try AlertChannel(&cursor, named: name, known: known) }
            }
            if let url = channel.settings["url"], let host = OutgoingRequest.host(of: url), !policy.allows(host: host) {
                throw WireError(.badValue, "url: this server does not ask the host '\(host.prefix(100))'")
            }
            if let to = channel.settings["to"], !accounts.maySendMail(to: to, of: viewer.user) {
                throw WireError(.badValue, "to: \(Accounts.ownAddressOnly)")
            }
            try accounts.setChannel(channel, of: viewer.user)
            return channel
        }
        return Response(json: AlertJSON.channel(channel))
    }

    private func removeChannel(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .change)
        let name = try decoded("name", context)
        guard try await accounts.run({ try $0.removeChannel(name, of: viewer.user) }) else {
            throw ErrorAnswer(.notFound, .notFound, "there is no channel '\(name.prefix(64))'")
        }
        return Response(status: .noContent)
    }

    /// `POST /api/v1/alerts/channels/{name}/test`: puts a message into the outbox; what becomes of it is among the messages.
    private func testChannel(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .change)
        let (name, now) = (try decoded("name", context), clock.now())
        let message = AlertMessage([.test], isTest: true, key: "test-" + Secret().text.prefix(24))
        try await accounts.run { accounts in
            guard try accounts.alertChannels(of: viewer.user).contains(where: { $0.name == name }) else {
                throw ErrorAnswer(.notFound, .notFound, "there is no channel '\(name.prefix(64))'")
            }
            var commit = AlertCommit()
            commit.messages = [(name, message)]
            try accounts.keep(commit, of: viewer.user, at: now)
        }
        var json = JSONWriter()
        json.object { $0.member("key", message.key) }
        return Response(json: json, status: .accepted)
    }

    private func listMessages(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .change)
        return Response(json: AlertJSON.messages(try await accounts.run { try $0.outbox(of: viewer.user) }))
    }

    // MARK: Silences

    private func addSilence(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .change)
        let bytes = try await request.body.collected(request.headers, upTo: Self.smallBytesMax)
        let now = clock.now()
        let silence = try bytes.withUnsafeBytes { bytes throws(WireError) in
            try JSONCursor.read(bytes) { (cursor) throws(WireError) in
                try AlertSilence(&cursor, id: Secret.randomID(), now: Timestamp(seconds: now.seconds))
            }
        }
        guard silence.until > now else { throw WireError(.badValue, "until: is past") }
        try Self.checkZone(of: silence, "every")
        try await alerts.changeSilences(of: viewer.user, by: viewer.by, note: "silenced") { $0.append(silence) }
        var json = JSONWriter()
        silence.write(&json)
        return Response(json: json, status: .created)
    }

    private static func checkZone(of silence: AlertSilence, _ place: String) throws(WireError) {
        guard let week = silence.week else { return }
        do { _ = try NamedTimeZone(week.zone) } catch {
            throw WireError(.badValue, "\(place): there is no time zone '\(week.zone.prefix(40))', expected one like Europe/Paris")
        }
    }

    private func removeSilence(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .change)
        let id = try decoded("id", context)
        try await alerts.changeSilences(of: viewer.user, by: viewer.by, note: "silence-removed") { silences in
            guard let index = silences.firstIndex(where: { $0.id == id }) else {
                throw ErrorAnswer(.notFound, .notFound, "there is no silence '\(id.prefix(64))'")
            }
            silences.remove(at: index)
        }
        return Response(status: .noContent)
    }
}
