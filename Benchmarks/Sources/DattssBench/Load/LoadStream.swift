import ArgumentParser
import DattssCore

/// A part of the load: bundles of one shape, at one rate. A bundle is a request, with partials in its body, or a datagram,
/// with samples in its lines.
struct LoadStream: Decodable, Sendable {
    var name: String?
    var transport = Transport.http
    /// How many partials, samples or queries a second.
    var rate = Rate.max
    /// Users take turns. The first user of all is the one whose key was given, or 'local'.
    var users = 1
    var firstUser = 1
    /// Distinct statistics of every user.
    var paths = 1000
    var mix = KindMix()
    /// Partials in a body, or samples in a datagram.
    var bundleSize = 50
    /// Samples that a partial stands for: the mean.
    var samplesPerPartial = 10
    /// Whether timers carry a sketch of their samples.
    var hasSketches = false
    var connections = 8
    var threads = 1
    var lines = Lines.statsd
    var values = LoadValues.varied
    var seed: UInt64 = 1
    /// Different bundles of every user, if it is more than all statistics need; nil is as ``bundleCount`` says.
    var variety: Int?
    /// Each key is wrong, and another one: all that is sent has to be refused.
    var hasWrongKeys = false
    /// What a stream of queries asks for.
    var query = "/api/v1/status"

    enum Transport: String, Decodable, Sendable, ExpressibleByArgument, CaseIterable {
        case http
        case udp
        case query
    }

    /// How a sample is written into a datagram.
    enum Lines: String, Decodable, Sendable, ExpressibleByArgument, CaseIterable {
        /// `path:1|c`: the server has to know whose it is, by `--statsd-user`.
        case statsd
        /// `KEY.path:1|c`, for a server without `--statsd-user`.
        case keyed
        /// `KEY:load:path:1c`
        case dattss
    }

    /// So many a second, or as fast as it goes.
    enum Rate: Decodable, Sendable, Equatable, ExpressibleByArgument {
        case max
        case perSecond(Double)

        init?(argument: String) {
            if argument == "max" {
                self = .max
            } else if let rate = Double(argument), rate > 0, rate.isFinite {
                self = .perSecond(rate)
            } else {
                return nil
            }
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let rate = try? container.decode(Double.self), rate > 0 {
                self = .perSecond(rate)
            } else if (try? container.decode(String.self)) == "max" {
                self = .max
            } else {
                throw ValidationError("rate: expected a number above 0 or \"max\"")
            }
        }
    }

    init() {}

    init(from decoder: any Decoder) throws {
        let values = try PlanValues(decoder, of: "a stream")
        name = try values.optional("name")
        transport = try values.required("over")
        rate = try values.required("rate")
        users = try values.optional("users") ?? users
        firstUser = try values.optional("firstUser") ?? firstUser
        connections = try values.optional("connections") ?? connections
        threads = try values.optional("threads") ?? threads
        switch transport {
        case .http:
            bundleSize = try values.optional("partials") ?? bundleSize
            let sketch: Int? = try values.optional("sketch")
            samplesPerPartial = try sketch ?? values.optional("samplesPerPartial") ?? samplesPerPartial
            hasSketches = sketch != nil
        case .udp:
            bundleSize = try values.optional("samples") ?? 20
            lines = try values.optional("lines") ?? (users > 1 || firstUser > 1 ? .dattss : .statsd)
        case .query:
            query = try values.optional("get") ?? query
        }
        if transport != .query {
            paths = try values.optional("paths") ?? paths
            mix = try values.optional("mix") ?? mix
            self.values = try values.optional("values") ?? self.values
            seed = try values.optional("seed") ?? seed
            variety = try values.optional("variety")
            hasWrongKeys = try values.optional("wrongKeys") ?? hasWrongKeys
        }
        try values.checkAllUsed()
    }

    func check() throws {
        try Self.check("users", users, 1...10_000)
        try Self.check("firstUser", firstUser, 1...1_000_000)
        try Self.check("paths", paths, 1...1_000_000)
        try Self.check(transport == .udp ? "samples" : "partials", bundleSize, 1...10_000)
        try Self.check("samples of a partial", samplesPerPartial, 1...1_000_000)
        try Self.check("connections", connections, 1...10_000)
        try Self.check("threads", threads, 1...64)
        try Self.check("variety", variety ?? 1, 1...1_000_000)
        if transport == .udp, lines == .statsd, users > 1 || firstUser > 1 {
            throw ValidationError("lines: statsd lines do not say whose they are; several users need 'keyed' or 'dattss'")
        }
        if transport == .query, !query.hasPrefix("/") { throw ValidationError("get: is '\(query)', expected a path") }
    }

    private static func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
        guard range.contains(value) else {
            throw ValidationError("\(name): is \(value), expected \(range.lowerBound) to \(range.upperBound)")
        }
    }

    var title: String { name ?? transport.rawValue }

    /// How many different bundles of every user there are: each statistic several times, unless memory would not hold that, and
    /// so many that a processor does not learn them by heart.
    var bundleCount: Int {
        let once = (paths + bundleSize - 1) / bundleSize
        if values == .same { return once }
        if let variety { return max(once, variety) }
        let (itemsMax, standard) = transport == .udp ? (4_000_000 / users, 200_000 / (users * bundleSize)) : (1_000_000, 400)
        return max(once * (itemsMax / paths).clamped(1, 4), standard)
    }

    /// Bundles a second.
    var pace: Pace {
        switch rate {
        case .max: Pace(intervalNanoseconds: 0)
        case .perSecond(let rate): Pace(intervalNanoseconds: 1e9 * Double(transport == .query ? 1 : bundleSize) / rate)
        }
    }
}

/// How many of a hundred statistics are counters, timers and gauges: `c=50,ms=40,g=10`.
struct KindMix: Decodable, Sendable, Equatable, ExpressibleByArgument {
    private(set) var shares: [(kind: Kind, weight: Int)] = [(.counter, 50), (.timer, 40), (.gauge, 10)]

    init() {}

    init?(argument: String) {
        var shares: [(kind: Kind, weight: Int)] = []
        for part in argument.split(separator: ",") {
            let words = part.split(separator: "=")
            guard words.count == 2, let kind = Kind(symbol: words[0]), let weight = Int(words[1]), 0...1000 ~= weight,
                !shares.contains(where: { $0.kind == kind })
            else { return nil }
            shares.append((kind, weight))
        }
        guard shares.contains(where: { $0.weight > 0 }) else { return nil }
        self.shares = shares
    }

    init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let mix = KindMix(argument: text) else {
            throw ValidationError("mix: is '\(text)', expected shares as in c=50,ms=40,g=10")
        }
        self = mix
    }

    static func == (a: KindMix, b: KindMix) -> Bool {
        a.shares.elementsEqual(b.shares) { $0.kind == $1.kind && $0.weight == $1.weight }
    }

    /// The kinds of so many statistics, in these shares and evenly mingled: each time the kind that is most behind its share.
    func kinds(_ count: Int) -> [Kind] {
        let total = shares.reduce(0) { $0 + $1.weight }
        var credits = shares.map { _ in 0 }
        return (0..<count).map { _ in
            for index in shares.indices { credits[index] += shares[index].weight }
            let chosen = credits.indices.max { credits[$0] < credits[$1] } ?? 0
            credits[chosen] -= total
            return shares[chosen].kind
        }
    }
}
