import DattssCore
import Logging
import Synchronization

/// What the routes of people need besides the accounts.
struct WebServices: Sendable {
    let settings: WebSettings
    let passwords: PasswordWork
    let mailer: Mailer
    let attempts: AttemptLimits
    let refusals: RefusalPace
    /// By each link to a board: as much as a screen on a wall asks with many plots, again and again.
    let sharedQuestions: AttemptLimit
    let counters: WebCounters
    let logger: Logger
    /// Whose lines of statsd need no key.
    let statsdUser: UserID?
    /// Where the server is, for links: known when it listens.
    let address = WebAddress()

    init(
        _ settings: WebSettings, statsdUser: UserID? = nil, passwords: PasswordWork = PasswordWork(), clock: any WallClock,
        logger: Logger
    ) {
        self.settings = settings
        self.statsdUser = statsdUser
        self.passwords = passwords
        self.logger = logger
        counters = WebCounters()
        mailer = Mailer(settings.mail, logger: logger)
        attempts = AttemptLimits(clock: clock, counters: counters)
        refusals = RefusalPace(clock: clock, proxies: settings.trustedProxies)
        sharedQuestions = AttemptLimit(capacity: 1000, secondsPerToken: 0.1, clock: clock)
    }

    /// A link to this server. No part of it comes from a request.
    func link(_ path: String) -> String { (settings.publicURL ?? address.url) + path }
}

/// Where a server is found as long as nobody has said it better.
final class WebAddress: Sendable {
    private let value = Mutex((url: "http://127.0.0.1:3002", udpPort: 8125))

    var url: String {
        get { value.withLock { $0.url } }
        set { value.withLock { $0.url = newValue } }
    }

    var udpPort: Int {
        get { value.withLock { $0.udpPort } }
        set { value.withLock { $0.udpPort = newValue } }
    }
}
