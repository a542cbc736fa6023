/// One rule about one statistic: where it stands, as a value that knows neither clocks nor channels.
///
///            wrong                 for long enough
///     ok ───────────► pending ───────────────────► firing
///      ▲ ◄─────────────  │                          │ │ nothing known for ``dataSlots``
///      │   not wrong     ▼                          │ ▼
///      └──────────── noData ◄───────────────────────┼─┘
///      └────────────────────────────────────────────┘ good again, by the recovery threshold
///
/// Time is the number of a slot (see ``Window/slotNumber(at:)``). The same readings always lead to the same states and events, live,
/// after a restart or over the past: what is told is a matter of ``AlertEvent/isTold``, not of what happened.
public struct AlertInstance: Sendable, Hashable {
    /// Where it stands.
    public private(set) var phase = Phase.ok
    /// The slot in which the phase began; of a pending one, in which it began to be wrong.
    public internal(set) var since: Int64
    /// The last slot that was looked at.
    public internal(set) var slot: Int64
    /// The last slot in which anything was known.
    public internal(set) var dataSlot: Int64
    /// The last number that was known.
    public private(set) var value: Double?
    /// The slot in which it began to fire: names what is going on, so that a message of it is told from that of another time.
    public private(set) var edge: Int64 = 0
    /// Whether somebody was told that it fires, and so has to be told when it ends.
    public private(set) var isAnnounced = false
    /// Whether somebody takes care of it.
    public private(set) var isAcknowledged = false
    /// Whether it fires behind a silence.
    public private(set) var isSilenced = false
    /// When it was told last.
    public internal(set) var toldSlot: Int64 = 0
    /// When it began to fire, the last ``flapEdges`` times.
    public internal(set) var edges: [Int64] = []
    /// When it began or ceased to fire last.
    public internal(set) var changedSlot: Int64 = 0
    /// Whether it has begun to fire so often that it is told of only once.
    public private(set) var isFlapping = false

    /// Where an instance stands, apart from who knows of it.
    public enum Phase: String, Sendable, Hashable, CaseIterable {
        case ok
        case pending
        case firing
        case noData
    }

    /// Five minutes without anything known.
    public static let dataSlots: Int64 = 60
    /// How often it has to begin to fire within ``flapSlots`` to flap.
    public static let flapEdges = 5
    /// Half an hour.
    public static let flapSlots: Int64 = 360
    /// A quarter of an hour without a change, after which it does not flap any more.
    public static let calmSlots: Int64 = 180

    /// One that is looked at from a slot on.
    public init(at slot: Int64) { (since, self.slot, dataSlot) = (slot, slot - 1, slot) }

    /// Makes an instance of all of its parts.
    init(
        phase: Phase, since: Int64, slot: Int64, dataSlot: Int64, value: Double?, edge: Int64, toldSlot: Int64, changedSlot: Int64,
        flags: [Bool], edges: [Int64]
    ) {
        (self.phase, self.since, self.slot, self.dataSlot, self.value) = (phase, since, slot, dataSlot, value)
        (self.edge, self.toldSlot, self.changedSlot, self.edges) = (edge, toldSlot, changedSlot, edges)
        (isAnnounced, isAcknowledged, isSilenced, isFlapping) = (flags[0], flags[1], flags[2], flags[3])
    }

    /// How it is shown.
    public enum State: String, Sendable, Hashable, CaseIterable {
        case ok
        case pending
        case firing
        case acknowledged
        case silenced
        case noData = "no-data"

        /// That which matters most first.
        public static let byWeight: [State] = [.firing, .acknowledged, .silenced, .pending, .noData, .ok]
    }

    /// How it is shown.
    public var state: State {
        switch phase {
        case .ok: .ok
        case .pending: .pending
        case .noData: .noData
        case .firing: isSilenced ? .silenced : isAcknowledged ? .acknowledged : .firing
        }
    }

    /// Whether it is as good as one that is new, so that it need not be kept.
    public func isBlank(at slot: Int64) -> Bool {
        phase == .ok && !isFlapping && !isAnnounced && (edges.last ?? .min / 2) <= slot - Self.flapSlots
    }

    // MARK: Changes

    /// Takes in what is found in a slot. One that is not later than the last is passed over, so that nothing counts twice.
    /// - Parameter isSilenced: whether a silence covers it now.
    /// - Returns: what happened, in order.
    public mutating func step(
        _ rule: AlertRule, _ reading: AlertReading, at slot: Int64, isSilenced: Bool
    ) -> [AlertEvent] {
        guard slot > self.slot else { return [] }
        self.slot = slot
        var events: [AlertEvent] = []
        switch Verdict(rule, reading) {
        case .unknown: if slot - dataSlot >= Self.dataSlots { loseData(&events) }
        case .wrong(let value): takeWrong(rule, value, &events)
        case .between(let value): takeRight(value, isRecovered: false, &events)
        case .good(let value): takeRight(value, isRecovered: true, &events)
        }
        tell(rule, isSilenced: isSilenced, &events)
        return events
    }

    /// Somebody takes care of it: it is not told again as long as it fires.
    /// - Returns: false when it does not fire.
    public mutating func acknowledge() -> Bool {
        guard phase == .firing else { return false }
        isAcknowledged = true
        return true
    }

    /// The rule is not there any more, or is another one.
    /// - Returns: that it ends, when somebody was told that it fires.
    public mutating func end(at slot: Int64) -> [AlertEvent] {
        self.slot = max(slot, self.slot)
        guard phase == .firing else { return [] }
        var events: [AlertEvent] = []
        resolve(&events)
        events[events.count - 1].isTold = isAnnounced
        isAnnounced = false
        return events
    }

    private enum Verdict {
        case unknown
        case wrong(Double?)
        /// Not wrong, and not recovered either.
        case between(Double?)
        case good(Double?)

        init(_ rule: AlertRule, _ reading: AlertReading) {
            switch (reading, rule.condition) {
            case (.isWrong(true), _): self = .wrong(nil)
            case (.isWrong(false), _): self = .good(nil)
            case (.value(let value), let condition?):
                if !value.isFinite {
                    self = .unknown
                } else if condition.isBroken(by: value) {
                    self = .wrong(value)
                } else {
                    self = condition.isRecovered(by: value, recover: rule.recover) ? .good(value) : .between(value)
                }
            case (.value, nil), (.nothing, _): self = .unknown
            }
        }
    }

    private mutating func enter(_ phase: Phase) { (self.phase, since) = (phase, slot) }

    private mutating func takeWrong(_ rule: AlertRule, _ value: Double?, _ events: inout [AlertEvent]) {
        (dataSlot, self.value) = (slot, value)
        guard phase != .firing else { return }
        if phase != .pending { enter(.pending) }
        guard (slot - since) * Window.slotMilliseconds >= rule.forSeconds * 1000 else { return }
        enter(.firing)
        (edge, changedSlot, isAcknowledged) = (slot, slot, false)
        edges.append(slot)
        if edges.count > Self.flapEdges { edges.removeFirst() }
        if edges.count == Self.flapEdges, edges[0] > slot - Self.flapSlots { isFlapping = true }
        events.append(event(.fired))
    }

    private mutating func takeRight(_ value: Double?, isRecovered: Bool, _ events: inout [AlertEvent]) {
        (dataSlot, self.value) = (slot, value)
        if phase == .firing {
            if isRecovered { resolve(&events) }
        } else if phase != .ok {
            enter(.ok)
        }
    }

    private mutating func resolve(_ events: inout [AlertEvent]) {
        events.append(event(.resolved))
        enter(.ok)
        (changedSlot, isAcknowledged, isSilenced) = (slot, false, false)
    }

    private mutating func loseData(_ events: inout [AlertEvent]) {
        guard phase != .noData else { return }
        if phase == .firing {
            events.append(event(.lost))
            (changedSlot, isAcknowledged, isSilenced) = (slot, false, false)
        }
        enter(.noData)
    }

    /// (A number from before is not told as if it were that of now.)
    private func event(_ kind: AlertEvent.Kind) -> AlertEvent {
        AlertEvent(kind: kind, edge: edge, slot: slot, value: dataSlot == slot ? value : nil, isTold: false)
    }

    // MARK: Who is told

    /// Decides what of the events is told, and whether there is a reminder.
    private mutating func tell(_ rule: AlertRule, isSilenced: Bool, _ events: inout [AlertEvent]) {
        self.isSilenced = phase == .firing && isSilenced
        if isFlapping, slot - changedSlot >= Self.calmSlots { (isFlapping, edges) = (false, []) }
        if phase == .firing {
            guard !isSilenced else { return }
            if !isAnnounced {
                isAnnounced = true
                toldSlot = slot
                let kind = isFlapping ? AlertEvent.Kind.flapping : .fired
                // One that fired behind a silence is told of when the silence ends.
                if kind == .fired, let last = events.indices.last, events[last].kind == .fired {
                    events[last].isTold = true
                } else {
                    events.append(told(kind))
                }
            } else if let seconds = rule.remindSeconds, !isAcknowledged,
                (slot - toldSlot) * Window.slotMilliseconds >= seconds * 1000
            {
                toldSlot = slot
                events.append(told(.reminder))
            }
            return
        }
        guard isAnnounced, !isFlapping else { return }
        // While it flaps nothing is told of its ends; afterwards that it is over.
        isAnnounced = false
        if let last = events.indices.last, [.resolved, .lost].contains(events[last].kind) {
            events[last].isTold = true
        } else {
            events.append(told(phase == .noData ? .lost : .resolved))
        }
    }

    private func told(_ kind: AlertEvent.Kind) -> AlertEvent {
        var event = event(kind)
        event.isTold = true
        return event
    }
}

/// Something that happened to an ``AlertInstance``.
public struct AlertEvent: Sendable, Hashable {
    /// What happened.
    public var kind: Kind
    /// The slot in which what goes on, or has ended, began to fire.
    public var edge: Int64
    /// The slot in which it happened.
    public var slot: Int64
    /// The number that was found in that slot, if anything was and it is a number.
    public var value: Double?
    /// Whether a message goes out; otherwise it is only written down.
    public var isTold: Bool

    /// What can happen.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case fired
        case resolved
        /// It still fires.
        case reminder
        /// It fires and ceases again and again, which is told once.
        case flapping
        /// It fired, and now nothing is known.
        case lost = "no-data"

        /// Whether something is wrong.
        public var isFiring: Bool { self == .fired || self == .reminder || self == .flapping }
    }

    /// Makes an event of its parts.
    public init(kind: Kind, edge: Int64, slot: Int64, value: Double?, isTold: Bool) {
        (self.kind, self.edge, self.slot, self.value, self.isTold) = (kind, edge, slot, value, isTold)
    }
}
