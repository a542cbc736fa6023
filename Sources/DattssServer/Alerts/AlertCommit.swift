import DattssCore

/// What changes of one user's alerts together: either all of it is in the accounts, or nothing.
struct AlertCommit: Sendable {
    var rules: [AlertRule]?
    var silences: [AlertSilence]?
    /// The last of each counts.
    var instances: [(rule: String, subject: AlertSubject, instance: AlertInstance)] = []
    var events: [AlertBook.News] = []
    /// By the channel.
    var messages: [(channel: String, message: AlertMessage)] = []
    /// Everything up to this slot was looked at.
    var slot: Int64?

    /// Whether there is nothing that a restart would miss.
    var isEmpty: Bool { rules == nil && silences == nil && instances.isEmpty && events.isEmpty && messages.isEmpty }

    /// Whether somebody asked for it, who is to be told that it is done.
    var isAsked: Bool { rules != nil || silences != nil }

    /// Takes in what happened in a look; what is told in it goes to each channel as one message.
    mutating func add(_ outcome: AlertBook.Outcome) {
        instances += outcome.changed
        events += outcome.news
        var byChannel: [String: [AlertMessage.Entry]] = [:]
        for news in outcome.news where news.event.isTold {
            let entry = AlertMessage.Entry(news)
            for channel in news.rule.channels { byChannel[channel, default: []].append(entry) }
        }
        for (channel, entries) in byChannel.sorted(by: { $0.key < $1.key }) { messages.append((channel, AlertMessage(entries))) }
    }
}
