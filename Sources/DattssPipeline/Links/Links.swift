import DattssCore

/// The links that all users share; each user's own leads from the accepted log to its aggregator: ``UserEntry/link``.
struct Links: Sendable {
    let writeAhead: Link<WriteAhead>
    let rolling: Link<RollerEvent>
    let minutes: Link<MinuteAssembly.Rolled>

    init(_ limits: Limits) {
        writeAhead = Link("ingest→accepted log", capacity: limits.queuedPartials)
        rolling = Link("aggregators→roller", capacity: limits.queuedPartials)
        minutes = Link("roller→minute log", capacity: limits.queuedPartials)
    }
}
