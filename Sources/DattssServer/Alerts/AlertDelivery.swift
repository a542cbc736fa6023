import DattssCore
import DattssPipeline
import Logging
import ServiceLifecycle
import Synchronization

/// Takes messages out of the outbox and hands them over, each until it is taken or there is no hope.
///
/// One message of a channel is under way at a time, in their order, and at most ``atOnceMax`` in all: a channel that hangs holds up
/// its own messages and nobody else's. What was handed over and not yet noted when the server was killed is handed over again, with
/// the same key.
final class AlertDelivery: Service {
    private let accounts: Accounts
    private let web: WebServices
    /// For what letters show; nil where they show nothing.
    private let queries: Queries?
    private let policy: OutgoingPolicy
    private let clock: any WallClock
    private let logger: Logger
    private let counters: AlertCounters
    private let state = Mutex(State())

    private struct State {
        /// `user/channel` of what is under way.
        var busy: Set<String> = []
    }

    /// How many are under way at a time.
    static let atOnceMax = 16
    /// How long is waited before the next try; behind the last there is none. A mail server may be away for a day.
    static let pausesSeconds: [Int64] = [5, 15, 60, 300, 900, 3600, 3600, 7200, 14_400, 28_800, 43_200]

    init(
        _ accounts: Accounts, _ web: WebServices, _ queries: Queries? = nil, clock: any WallClock,
        counters: AlertCounters = AlertCounters()
    ) {
        (self.counters, self.queries) = (counters, queries)
        (self.accounts, self.web, self.clock) = (accounts, web, clock)
        (policy, logger) = (web.settings.outgoing, web.logger)
    }

    /// Looks into the outbox every half second, until the server ends.
    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            repeat {
                // (The end of the server waits for none of them: what is cut off is tried again by the next one.)
                for line in await due() { Task { await self.deliver(line) } }
            } while (try? await clock.pause(milliseconds: 500)) != nil
        }
    }

    /// Hands over everything that is due now: for tests, whose clock does not go on by itself.
    func deliverDue() async {
        await withDiscardingTaskGroup { group in
            for line in await due() { group.addTask { await self.deliver(line) } }
        }
    }

    private static func place(_ line: Accounts.OutboxLine) -> String { "\(line.user)/\(line.channel)" }

    /// What may be begun now.
    private func due() async -> [Accounts.OutboxLine] {
        let now = clock.now()
        let lines: [Accounts.OutboxLine]
        do {
            lines = try await accounts.run { try $0.dueMessages(at: now, limit: 1000) }
        } catch {
            logger.error("cannot read the outbox of alerts: \(error)")
            return []
        }
        return state.withLock { state in
            lines.filter { line in
                guard state.busy.count < Self.atOnceMax else { return false }
                return state.busy.insert(Self.place(line)).inserted
            }
        }
    }

    private func deliver(_ line: Accounts.OutboxLine) async {
        var problem: AlertProblem?
        do { try await send(line) } catch let error as AlertProblem { problem = error } catch {
            problem = AlertProblem("\(error)", isFinal: false)
        }
        counters.addTry(isSent: problem == nil)
        let now = clock.now()
        let pause = Self.pausesSeconds.indices.contains(Int(line.attempts)) ? Self.pausesSeconds[Int(line.attempts)] : nil
        let next = problem.flatMap { $0.isFinal ? nil : pause }.map { now.advanced(byMilliseconds: $0 * 1000) }
        let text = problem.map { String($0.description.prefix(500)) }
        do {
            try await accounts.run { try $0.noteTry(of: line.id, text, next: next, at: now) }
        } catch {
            logger.error("cannot note what became of a message of an alert: \(error)")
        }
        if let text, next == nil { logger.warning("a message of \(line.user) to '\(line.channel)' is given up: \(text)") }
        _ = state.withLock { $0.busy.remove(Self.place(line)) }
    }

    /// - Throws: ``AlertProblem``.
    private func send(_ line: Accounts.OutboxLine) async throws {
        let channel = try await accounts.run { try $0.alertChannels(of: line.user) }.first { $0.name == line.channel }
        guard let channel else { throw AlertProblem("there is no channel '\(line.channel)'", isFinal: true) }
        let link = web.link("/#alerts")
        switch channel.type {
        case .mail: try await sendMail(line, channel, link)
        case .command:
            try await CommandChannel.run(channel.settings["command"] ?? "", ChannelRequests.body(line.message, link), policy)
        case .webhook, .slack, .pagerduty, .alertmanager, .ntfy, .gotify, .http:
            for request in ChannelRequests.requests(line.message, channel, at: clock.now(), link: link) {
                try Self.check(try await request.send(policy))
            }
        }
    }

    /// Whether an answer says that the message was taken.
    static func check(_ answer: OutgoingRequest.Answer) throws(AlertProblem) {
        switch answer.status {
        case 200..<300: return
        // No use to try again, but for what asks for just that: too early, too many, a request that took too long.
        case 300..<400: throw AlertProblem("answered \(answer.status): redirects are not followed", isFinal: true)
        case 400..<500 where ![408, 425, 429].contains(answer.status):
            throw AlertProblem("answered \(answer.status): \(shown(answer.text))", isFinal: true)
        default: throw AlertProblem("answered \(answer.status): \(shown(answer.text))", isFinal: false)
        }
    }

    /// The beginning of what somebody else wrote, in one line.
    private static func shown(_ text: String) -> String {
        String(text.prefix(200).map { $0.isNewline || $0.unicodeScalars.contains { $0.value < 0x20 } ? " " : $0 })
    }

    private func sendMail(_ line: Accounts.OutboxLine, _ channel: AlertChannel, _ link: String) async throws {
        guard web.mailer.sends else { throw AlertProblem("this server sends no mail", isFinal: true) }
        let to = channel.settings["to"] ?? accounts.person(line.user)?.email
        guard let to, let address = EmailAddress(to) else {
            throw AlertProblem("the account has no address yet", isFinal: true)
        }
        guard accounts.maySendMail(to: to, of: line.user) else { throw AlertProblem(Accounts.ownAddressOnly, isFinal: true) }
        let picture = await picture(line)
        do { try await web.mailer.deliver(AlertMail(line.message, to: address, link: link, picture: picture)) } catch {
            throw AlertProblem("\(error)", isFinal: false)
        }
    }

    /// A letter without a picture is better than none.
    private func picture(_ line: Accounts.OutboxLine) async -> AlertPicture? {
        guard let queries else { return nil }
        do { return try await queries.aside { try await AlertPicture.of(line.message, queries, line.user) } } catch {
            logger.error("cannot draw the picture of a message to \(line.user): \(error)")
            return nil
        }
    }
}

extension Accounts {
    /// Whether a user's alerts may be told to an address: to the user's own, and to those of the team; administrators of the server
    /// may name another.
    func maySendMail(to address: String, of user: UserID) -> Bool {
        let person = person(user)
        let address = address.lowercased()
        return address == person?.email || person?.isAdmin == true || user == .dattss || isOfTeam(address, of: user)
    }

    static let ownAddressOnly = "mail goes to the addresses of the account and of its team only"
}
