import CCurl
import Dispatch
import Foundation
import Logging
import Synchronization

/// Sends mail, one after the other, so that no request waits for a mail server; at most ``queuedMax`` wait.
///
/// Without settings, what would be sent is written to the log: whoever runs the server passes the link on.
final class Mailer: Sendable {
    private let settings: MailSettings?
    private let logger: Logger
    private let queue: AsyncStream<Mail>.Continuation
    private let counts = Mutex(Counts())

    struct Counts: Sendable, Hashable {
        var sent = 0
        var failed = 0
        /// Not taken, because too many waited.
        var refused = 0
        var queued = 0
    }

    private static let queuedMax = 100
    private static let timeoutSeconds = 20
    private static let prepared: Void = dattss_mail_prepare()
    /// For what blocks.
    private static let threads = DispatchQueue(label: "mail", attributes: .concurrent)

    init(_ settings: MailSettings?, logger: Logger) {
        _ = Self.prepared
        let (mails, queue) = AsyncStream.makeStream(of: Mail.self)
        (self.settings, self.logger, self.queue) = (settings, logger, queue)
        Task { [weak self] in
            for await mail in mails { await self?.deliver(mail) }
        }
    }

    deinit { queue.finish() }

    /// Whether mails leave the machine.
    var sends: Bool { settings != nil }
    var snapshot: Counts { counts.withLock { $0 } }

    /// Sends a mail, soon.
    func send(_ mail: Mail) {
        guard settings != nil else {
            return logger.notice("no mail is set up; for \(mail.to): \(mail.subject): \(mail.link)")
        }
        let isTaken = counts.withLock { counts in
            guard counts.queued < Self.queuedMax else {
                counts.refused += 1
                return false
            }
            counts.queued += 1
            return true
        }
        guard isTaken else { return logger.error("a mail to \(mail.to) is not sent: \(Self.queuedMax) wait already") }
        queue.yield(mail)
    }

    /// Hands a letter of an alert over, now: it waits in the outbox of alerts, and not here.
    /// - Throws: when the mail server does not take it.
    func deliver(_ mail: AlertMail) async throws {
        guard let settings else { throw MailError(description: "no mail is set up") }
        do {
            try await Self.deliver(mail.message(from: settings.from, at: Date()), to: mail.to, settings)
            counts.withLock { $0.sent += 1 }
        } catch {
            counts.withLock { $0.failed += 1 }
            throw error
        }
    }

    private func deliver(_ mail: Mail) async {
        guard let settings else { return }
        var problem: (any Error)?
        do { try await Self.deliver(mail.message(from: settings.from, at: Date()), to: mail.to, settings) } catch {
            problem = error
        }
        counts.withLock { counts in
            counts.queued -= 1
            if problem == nil { counts.sent += 1 } else { counts.failed += 1 }
        }
        if let problem { logger.error("a mail to \(mail.to) was not sent: \(problem)") }
    }

    private static func deliver(_ message: [UInt8], to: EmailAddress, _ settings: MailSettings) async throws {
        switch settings.way {
        case .smtp(let server):
            // It blocks, for which the threads of tasks are too few.
            try await withCheckedThrowingContinuation { continuation in
                threads.async {
                    continuation.resume(
                        with: Result { try deliver(message, from: settings.from, to: to, server) })
                }
            }
        case .sendmail(let path):
            try await Sendmail.deliver(
                message, from: settings.from, to: to, command: path, timeoutSeconds: timeoutSeconds)
        }
    }

    private static func deliver(
        _ message: [UInt8], from: EmailAddress, to: EmailAddress, _ server: MailSettings.SMTP
    ) throws {
        let url = "\(server.url)/\(ProcessInfo.processInfo.hostName)"
        let texts = [url, "<\(from)>", "<\(to)>", server.user, server.password, server.authorityFile]
            .map { $0.flatMap { strdup($0) } }
        defer { for text in texts { free(text) } }
        var problem = [CChar](repeating: 0, count: 256)
        let code = message.withUnsafeBufferPointer { message in
            message.withMemoryRebound(to: CChar.self) { message in
                var mail = dattss_mail(
                    url: texts[0], user: texts[3], password: texts[4], authority_file: texts[5],
                    requires_tls: server.needsTLS ? 1 : 0, from: texts[1], to: texts[2], message: message.baseAddress,
                    message_bytes: message.count, timeout_seconds: timeoutSeconds)
                return dattss_mail_send(&mail, &problem, problem.count)
            }
        }
        guard code == 0 else {
            let text = String(decoding: problem.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            throw MailError(description: "\(server.url): \(text) (\(code))")
        }
    }
}

/// Why a mail was not sent.
struct MailError: Error, CustomStringConvertible {
    var description: String
}
