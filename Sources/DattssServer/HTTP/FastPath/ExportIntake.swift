import DattssCore
import DattssPipeline
import NIOCore

/// What one event loop takes in of OpenTelemetry's exports: those that a user sent in one turn of the loop are worked out one after the
/// other, in the user's turn (``OTLPTurns``), and go to the log together, all of them or none.
///
///     export ──► points ──► wait for the user's turn ──► what is new ──► group ──► log ──► answers; the turn is over
///
/// What is new in one depends on what became of those before, so the fate of one that is not written is that of all that were worked out
/// behind it, those with nothing new included: their senders send them again.
///
/// Belongs to its loop.
final class ExportIntake {
    private let endpoint: AggregateEndpoint
    private let eventLoop: any EventLoop
    /// The user's turn has been asked for.
    private var waiting: [UserID: [Export]] = [:]

    private struct Export {
        let points: OTLPPoints
        let head: AggregateEndpoint.Head
        let sender: AggregateFastPath
    }

    /// An export that was worked out.
    private struct Planned {
        let plan: OTLPPlan
        let unfitting: Int
        let sender: AggregateFastPath
    }

    /// More points would keep others waiting, and make these not any cheaper.
    private static let turnPointsMax = 2000

    init(_ endpoint: AggregateEndpoint, on eventLoop: any EventLoop) {
        (self.endpoint, self.eventLoop) = (endpoint, eventLoop)
    }

    /// Takes in a body that is soon read.
    func take(
        _ body: UnsafeRawBufferPointer, _ head: AggregateEndpoint.Head, for sender: AggregateFastPath
    ) -> AggregateIntake.Outcome {
        do throws(WireError) {
            let points = try endpoint.telemetry.readers.points(body, .protobuf, sizeMax: endpoint.limits.partialsPerBatch)
            let export = Export(points: points, head: head, sender: sender)
            if waiting[head.user] == nil { askForTurn(of: head.user, [export]) } else { waiting[head.user]?.append(export) }
            return .answeredLater
        } catch {
            endpoint.ingest.noteRefused(error)
            return .answered(.refused(error))
        }
    }

    private func askForTurn(of user: UserID, _ exports: [Export]) {
        waiting[user] = exports
        let (bound, eventLoop) = (NIOLoopBound(self, eventLoop: eventLoop), eventLoop)
        // Also when it is the user's turn at once: behind everything that the loop was woken for.
        endpoint.telemetry.turns.enter(user) { eventLoop.execute { bound.value.begin(user) } }
    }

    // MARK: In the user's turn

    private func begin(_ user: UserID) {
        var (group, planned, pointCount) = (BatchGroup(), [Planned](), 0)
        // They are answered in the end, because whoever is answered may send the next one at once.
        var refused: [(sender: AggregateFastPath, error: WireError)] = []
        defer { for (sender, error) in refused { sender.finish(.batch(.refused(error)), at: .now()) } }
        let exports = waiting.removeValue(forKey: user) ?? []
        for (place, export) in exports.enumerated() {
            if pointCount > Self.turnPointsMax {
                askForTurn(of: user, Array(exports[place...]))
                break
            }
            pointCount += export.points.points.count
            do throws(WireError) {
                planned.append(try plan(export, into: &group))
            } catch {
                refused.append((export.sender, error))
            }
        }
        if group.isEmpty { return end(user, planned, .accepted) }
        let (bound, eventLoop) = (NIOLoopBound((self, planned), eventLoop: eventLoop), eventLoop)
        endpoint.ingest.submit(group) { answer in
            eventLoop.execute {
                let (intake, planned) = bound.value
                intake.end(user, planned, answer)
            }
        }
    }

    private func plan(_ export: Export, into group: inout BatchGroup) throws(WireError) -> Planned {
        let (telemetry, user, limits) = (endpoint.telemetry, export.head.user, endpoint.limits)
        // It waited a while: nothing is kept of a user who was deleted meanwhile.
        try endpoint.checkAgain(export.head)
        let plan = telemetry.plan(export.points, of: user, at: endpoint.clock.moment(), limits: limits)
        let (verdict, unfitting) = endpoint.ingest.admit(plan, of: user, into: &group)
        // (Only a batch with a number can be a copy.)
        if case .answered(.refused(let error)) = verdict {
            telemetry.cancel(plan, of: user)
            throw error
        }
        return Planned(plan: plan, unfitting: unfitting, sender: export.sender)
    }

    private func end(_ user: UserID, _ planned: [Planned], _ answer: IngestAnswer) {
        if case .refused = answer {
            for export in planned.reversed() { endpoint.telemetry.cancel(export.plan, of: user) }
        }
        endpoint.telemetry.turns.leave(user)
        let now = NIODeadline.now()
        for export in planned {
            if case .refused = answer {
                export.sender.finish(.batch(answer), at: now)
                continue
            }
            for process in export.plan.processes { endpoint.processes.note(process, of: user) }
            endpoint.telemetry.counters.add(export.plan, unfitting: export.unfitting)
            let rejection = OTLPRejection(export.plan, unfitting: export.unfitting, endpoint.limits)
            export.sender.finish(.export(rejection), at: now)
        }
    }
}
