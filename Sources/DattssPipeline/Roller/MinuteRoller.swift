import DattssCore

/// What reaches the roller: that a minute ended, from the write-ahead; what each user has of it, from the aggregators.
enum RollerEvent: Sendable {
    case minuteEnded(MinuteAssembly.Edge)
    case closed(edge: UInt64, user: UserID, minute: OpenMinute?, checkpoint: UserCheckpoint?)
}

/// The third stage: says when the clock passes the end of a minute, and puts together what the aggregators closed of it; the
/// writer works the block out. (That the minute is over takes effect in the order of the log: see ``AcceptedWriter``.)
actor MinuteRoller {
    private let link: Link<RollerEvent>
    private let writeAhead: Link<WriteAhead>
    private let minutes: Link<MinuteAssembly.Rolled>
    private let clock: any WallClock
    private var assembly = MinuteAssembly()

    init(
        link: Link<RollerEvent>, writeAhead: Link<WriteAhead>, minutes: Link<MinuteAssembly.Rolled>,
        clock: any WallClock
    ) {
        self.link = link
        self.writeAhead = writeAhead
        self.minutes = minutes
        self.clock = clock
    }

    /// Says at the end of every minute that it is over, and again when that waits no longer; returns when the task is cancelled.
    ///
    /// It says so at once, too: a minute may have ended between the start of the writer and this.
    nonisolated func watchClock() async {
        while true {
            let now = clock.now()
            writeAhead.signal(.tick)
            let deadline = MinuteHolds.deadline(of: now.minute.advanced(by: -1))
            let next = now < deadline ? deadline : now.minute.end
            guard (try? await clock.sleep(until: next, since: now)) != nil else { return }
        }
    }

    func run() async {
        for await item in link.items {
            _ = link.take()
            let rolled =
                switch item.element {
                case .minuteEnded(let edge):
                    assembly.minuteEnded(edge)
                case .closed(let edge, let user, let minute, let checkpoint):
                    assembly.closed(edge: edge, user: user, minute: minute, checkpoint: checkpoint)
                }
            // Nothing may be dropped from here on: this waits for room, and the stages before it for this.
            for minute in rolled {
                await minutes.send(minute, weight: max(1, minute.aggregateCount))
            }
            link.done(item.weight)
        }
    }
}
