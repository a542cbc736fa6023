/// What a rule is about by itself: a statistic, or a program.
public enum AlertSubject: Sendable, Hashable, Comparable, CustomStringConvertible {
    case statistic(StatisticKey)
    case program(String)

    /// `c:checkout.paid`, `ms:checkout.time`, `g:disk`, or `process:shop`.
    public var description: String {
        switch self {
        case .statistic(let key): "\(key.kind.symbol):\(key.path)"
        case .program(let name): "process:\(name)"
        }
    }

    /// The subject that ``description`` says; nil for anything else.
    public init?(_ text: some StringProtocol) {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let (symbol, name) = (text[..<colon], text[text.index(after: colon)...])
        if symbol == "process", Name.isValidProcess(name.utf8) {
            self = .program(String(name))
        } else if let kind = Kind(symbol: symbol), Name.isValidPath(name.utf8) {
            self = .statistic(StatisticKey(kind, String(name)))
        } else {
            return nil
        }
    }

    /// The path or the name.
    public var name: String {
        switch self {
        case .statistic(let key): key.path
        case .program(let name): name
        }
    }

    public static func < (a: AlertSubject, b: AlertSubject) -> Bool { a.description < b.description }
}

/// A program, as far as rules ask about it.
public struct AlertProgram: Sendable, Hashable {
    /// The name that it gives itself.
    public var name: String
    /// Whether it polls or sends.
    public var isUp: Bool
    /// Whether it is down because it was asked to stop.
    public var hasEnded: Bool

    /// Makes a program of its parts.
    public init(name: String, isUp: Bool, hasEnded: Bool) { (self.name, self.isUp, self.hasEnded) = (name, isUp, hasEnded) }
}

/// Which rules are looked at.
///
/// What is usual is found out some seconds after a minute is over, and after a start only when the past was learned; rules about anything
/// else wait for none of that.
public enum AlertScope: Sendable, Hashable {
    case all
    /// Those of the measure ``AlertMeasure/usual``.
    case usual
    /// All others.
    case others

    func includes(_ measure: AlertMeasure) -> Bool { self == .all || (measure == .usual) == (self == .usual) }
}

/// All rules of one user and where each of their instances stands, as a value: what is looked at goes in, what happened comes out.
///
/// It is the same for what is live and for the past, so that what would have been told is what is told.
public struct AlertBook: Sendable {
    /// The rules, in the order in which they were given.
    public private(set) var rules: [AlertRule]
    /// Times in which some of them tell nothing.
    public var silences: [AlertSilence]
    /// By how much the clocks of a zone are ahead of UTC.
    public var secondsFromUTC: @Sendable (_ zone: String, Timestamp) -> Int64 = { _, _ in 0 }
    /// Those that are under way in the slot that is looked at.
    private var underWay: [AlertSilence] = []
    private var instances: [[AlertSubject: AlertInstance]]
    /// Where each rule is, by its ID.
    private let positions: [String: Int]
    private var index: AlertRuleIndex
    private var programRules: [Int]
    private var usualPositions: [Int]
    private var rulesOf: [StatisticKey: [Int]] = [:]
    /// How many instances there are.
    public private(set) var instanceCount = 0
    /// How many statistics were not looked at because there are too many instances.
    public private(set) var refusedInstances = 0
    private let instancesMax: Int

    /// How many instances a user has by standard: two rules about everything.
    public static let instancesMaxStandard = 50_000

    /// Something that happened to one instance.
    public struct News: Sendable {
        /// Which rule.
        public var rule: AlertRule
        /// About what.
        public var subject: AlertSubject
        /// What happened.
        public var event: AlertEvent
    }

    /// What became of a look.
    public struct Outcome: Sendable {
        /// What happened, by rule and then by subject.
        public var news: [News] = []
        /// The instances that have to be kept otherwise than before.
        public var changed: [(rule: String, subject: AlertSubject, instance: AlertInstance)] = []
    }

    /// A book of rules whose instances are all new.
    public init(_ rules: [AlertRule], silences: [AlertSilence] = [], instancesMax: Int = Self.instancesMaxStandard) {
        (self.rules, self.silences, self.instancesMax) = (rules, silences, instancesMax)
        instances = rules.map { _ in [:] }
        positions = Dictionary(rules.enumerated().map { ($1.id, $0) }) { first, _ in first }
        index = AlertRuleIndex(rules)
        programRules = rules.indices.filter { rules[$0].measure == .process && rules[$0].isEnabled }
        usualPositions = rules.indices.filter { rules[$0].measure == .usual && rules[$0].isEnabled }
    }

    /// Which statistics rules of a scope are about.
    public func watched(_ scope: AlertScope) -> WatchQuestion {
        let index = AlertRuleIndex(rules.filter { scope.includes($0.measure) })
        return WatchQuestion(patternCount: index.patternCount) { index.hasRule(of: $0) }
    }

    /// The rules of the measure ``AlertMeasure/usual`` that are looked at.
    public var usualRules: [AlertRule] { usualPositions.map { rules[$0] } }

    /// Whether any rule is about programs.
    public var watchesPrograms: Bool { !programRules.isEmpty }

    /// Puts an instance where it stood.
    public mutating func restore(_ instance: AlertInstance, of rule: String, _ subject: AlertSubject) {
        guard let position = positions[rule] else { return }
        if instances[position].updateValue(instance, forKey: subject) == nil { instanceCount += 1 }
    }

    /// Where the instances of a rule stand, by subject.
    public func instances(of rule: String) -> [AlertSubject: AlertInstance] {
        positions[rule].map { instances[$0] } ?? [:]
    }

    /// Every rule with its instances, in their order.
    public var standing: [(rule: AlertRule, instances: [AlertSubject: AlertInstance])] { Array(zip(rules, instances)) }

    /// The state that matters most of each rule, in their order; where there is no instance nothing is known.
    public func states() -> [AlertInstance.State] {
        instances.map { instances in
            let states = Set(instances.values.lazy.map(\.state))
            return AlertInstance.State.byWeight.first { states.contains($0) } ?? .noData
        }
    }

    /// After a start: what was looked at before is not looked at again, and that nothing was heard meanwhile is nobody's fault.
    public mutating func resume(at slot: Int64, _ scope: AlertScope) {
        for position in rules.indices where scope.includes(rules[position].measure) {
            for subject in instances[position].keys { instances[position][subject]?.resume(at: slot) }
        }
    }

    /// The latest slot in which any instance was looked at.
    public var latestSlot: Int64? { instances.lazy.flatMap(\.values).map(\.slot).max() }

    /// The clock was set back by more than is waited for: what goes on does so by what it shows now.
    public mutating func move(bySlots delta: Int64) {
        for position in rules.indices {
            for subject in instances[position].keys { instances[position][subject]?.move(bySlots: delta) }
        }
    }

    /// Replaces the rules. Instances of rules that look at the same as before stay where they are.
    /// - Returns: that the others end.
    public mutating func setRules(_ new: [AlertRule], at slot: Int64) -> Outcome {
        var outcome = Outcome()
        var kept: [String: [AlertSubject: AlertInstance]] = [:]
        let replacements = Dictionary(new.map { ($0.id, $0) }) { first, _ in first }
        for (position, rule) in rules.enumerated() {
            if let same = replacements[rule.id], same.looksAtTheSame(as: rule) {
                kept[rule.id] = instances[position]
                continue
            }
            for (subject, var instance) in instances[position].sorted(by: { $0.key < $1.key }) {
                for event in instance.end(at: slot) { outcome.news.append(News(rule: rule, subject: subject, event: event)) }
                outcome.changed.append((rule.id, subject, AlertInstance(at: slot)))
            }
        }
        let (refused, zones) = (refusedInstances, secondsFromUTC)
        self = AlertBook(new, silences: silences, instancesMax: instancesMax)
        (refusedInstances, secondsFromUTC) = (refused, zones)
        for (position, rule) in rules.enumerated() {
            instances[position] = kept[rule.id] ?? [:]
            instanceCount += instances[position].count
        }
        return outcome
    }

    /// Somebody takes care of what fires.
    /// - Parameter subject: nil for all of the rule.
    /// - Returns: the instances that are acknowledged now.
    public mutating func acknowledge(_ rule: String, _ subject: AlertSubject?) -> Outcome {
        var outcome = Outcome()
        guard let position = positions[rule] else { return outcome }
        for key in instances[position].keys.sorted() where subject == nil || key == subject {
            guard var instance = instances[position][key], !instance.isAcknowledged, instance.acknowledge() else { continue }
            instances[position][key] = instance
            outcome.changed.append((rule, key, instance))
        }
        return outcome
    }

    // MARK: Looking

    /// Looks at the end of a slot.
    /// - Parameters:
    ///   - view: what is watched.
    ///   - programs: only asked for at the end of a minute.
    ///   - score: how unusual a statistic is at the end of a slot, if that is known.
    ///   - minutely: whether all rules are looked at as if each were ``AlertCadence/minute``, because only minutes are known.
    ///   - isNew: whether the server has just begun to hear of its users: then nothing is said of what is missing.
    ///   - scope: which rules are looked at.
    public mutating func look(
        _ view: SlotView, programs: [AlertProgram], minutely: Bool = false, isNew: Bool = false, scope: AlertScope = .all,
        score: (StatisticKey, Int64) -> Double?
    ) -> Outcome {
        look(
            slot: view.slot, isActive: view.isActive, programs: programs, minutely: minutely, isNew: isNew, scope: scope,
            score: score,
            windows: view.statuses.lazy.map { ($0.key, AlertWindow($0, at: view.slot, isActive: view.isActive)) })
    }

    /// The same for windows of any origin.
    public mutating func look(
        slot: Int64, isActive: Bool, programs: [AlertProgram], minutely: Bool = false, isNew: Bool = false,
        scope: AlertScope = .all, score: (StatisticKey, Int64) -> Double?, windows: some Sequence<(StatisticKey, AlertWindow)>
    ) -> Outcome {
        func isDue(_ position: Int) -> Bool {
            let measure = rules[position].measure
            guard scope.includes(measure), !isNew || measure == .usual || !measure.isMinutely else { return false }
            return SlotView.endsMinute(slot) || (rules[position].cadence == .slot && !minutely)
        }
        let time = Timestamp(milliseconds: (slot + 1) * Window.slotMilliseconds)
        underWay = silences.filter { $0.isUnderWay(at: time, secondsFromUTC) }
        var outcome = Outcome()
        for (key, window) in windows {
            for position in positions(of: key) where isDue(position) {
                let rule = rules[position]
                let reading = AlertReading(
                    rule, window, score: score(key, slot), isProgramUp: Self.isUp(rule.process, programs, isActive))
                step(position, .statistic(key), reading, at: slot, &outcome)
            }
        }
        // What is not live any more, or never was.
        for position in rules.indices where rules[position].isEnabled && isDue(position) {
            lookAtMissing(position, slot: slot, isActive: isActive, programs: programs, &outcome)
        }
        return outcome
    }

    private mutating func positions(of key: StatisticKey) -> [Int] {
        if let known = rulesOf[key] { return known }
        let found = index.rules(of: key)
        // A user's statistics come and go: what is known of them is forgotten together.
        if rulesOf.count >= 2 * instancesMax { rulesOf = [:] }
        rulesOf[key] = found
        return found
    }

    private static func isUp(_ pattern: AlertPattern?, _ programs: [AlertProgram], _ isActive: Bool) -> Bool {
        guard let pattern else { return isActive }
        return programs.contains { $0.isUp && pattern.matches($0.name) }
    }

    private mutating func lookAtMissing(
        _ position: Int, slot: Int64, isActive: Bool, programs: [AlertProgram], _ outcome: inout Outcome
    ) {
        let rule = rules[position]
        if rule.measure == .process {
            for program in programs where rule.match.matches(program.name) {
                step(position, .program(program.name), .isWrong(!program.isUp && !program.hasEnded), at: slot, &outcome)
            }
            // One that nobody has heard of since the start is down.
            for subject in missing(position, slot) { step(position, subject, .isWrong(true), at: slot, &outcome) }
            return
        }
        for subject in missing(position, slot) {
            guard case .statistic(let key) = subject else { continue }
            let window = AlertWindow(key.kind, nil, last: nil, isActive: isActive)
            let reading = AlertReading(rule, window, score: nil, isProgramUp: Self.isUp(rule.process, programs, isActive))
            step(position, subject, reading, at: slot, &outcome)
        }
        guard rule.measure == .absence, rule.match.isName, let kind = rule.kind else { return }
        let subject = AlertSubject.statistic(StatisticKey(kind, rule.match.description))
        if instances[position][subject] == nil { step(position, subject, .isWrong(true), at: slot, &outcome) }
    }

    /// Subjects of which there is an instance that was not looked at in this slot.
    private func missing(_ position: Int, _ slot: Int64) -> [AlertSubject] {
        instances[position].lazy.filter { $0.value.slot < slot }.map(\.key).sorted()
    }

    private mutating func step(
        _ position: Int, _ subject: AlertSubject, _ reading: AlertReading, at slot: Int64, _ outcome: inout Outcome
    ) {
        let rule = rules[position]
        guard rule.isEnabled else { return }
        let isSilenced = underWay.contains { $0.covers(rule, subject.name) }
        var before: AlertInstance?
        var events: [AlertEvent] = []
        if instances[position][subject] == nil {
            guard instanceCount < instancesMax else {
                refusedInstances += 1
                return
            }
            instances[position][subject] = AlertInstance(at: slot)
            instanceCount += 1
        }
        // In place: there may be very many.
        before = instances[position][subject]
        events = instances[position][subject]?.step(rule, reading, at: slot, isSilenced: isSilenced) ?? []
        guard let before, let after = instances[position][subject] else { return }
        for event in events { outcome.news.append(News(rule: rule, subject: subject, event: event)) }
        let isNewProgram = rule.measure == .process && before.slot < before.since
        if !events.isEmpty || !after.isKeptAs(before) || isNewProgram { outcome.changed.append((rule.id, subject, after)) }
    }
}

extension AlertRule {
    /// Whether what was found for the other rule holds for this one.
    func looksAtTheSame(as other: AlertRule) -> Bool {
        match == other.match && kind == other.kind && measure == other.measure && condition == other.condition
            && recover == other.recover && process == other.process && cadence == other.cadence && isEnabled == other.isEnabled
    }
}

extension AlertInstance {
    /// Whether nothing that a restart needs has changed.
    func isKeptAs(_ other: AlertInstance) -> Bool {
        phase == other.phase && since == other.since && edge == other.edge && isAnnounced == other.isAnnounced
            && isAcknowledged == other.isAcknowledged && isSilenced == other.isSilenced && toldSlot == other.toldSlot
            && edges == other.edges && isFlapping == other.isFlapping
    }
}
