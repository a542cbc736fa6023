import CMail
import Dispatch
import Foundation
import Logging
import Synchronization

/// Sends mail from a thread of its own, so that no request waits for a mail server; at most ``queuedMax`` wait.
///
/// Without settings, what would be sent is written to the log: whoever runs the server passes the link on.
final class Mailer: Sendable {
    private let settings: MailSettings?
    private let logger: Logger
    private let queue = DispatchQueue(label: "mail")
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

    init(_ settings: MailSettings?, logger: Logger) {
        _ = Self.prepared
        (self.settings, self.logger) = (settings, logger)
    }

    /// Whether mails leave the machine.
    var sends: Bool { settings != nil }
    var snapshot: Counts { counts.withLock { $0 } }

    /// Sends a mail, soon.
    func send(_ mail: Mail) {
        guard let settings else {
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
        queue.async { [self] in
            let result = Result { try Self.deliver(mail, settings) }
            counts.withLock { counts in
                counts.queued -= 1
                if case .success = result { counts.sent += 1 } else { counts.failed += 1 }
            }
            if case .failure(let error) = result { logger.error("a mail to \(mail.to) was not sent: \(error)") }
        }
    }

    private static func deliver(_ mail: Mail, _ settings: MailSettings) throws {
        let message = mail.message(from: settings.from, at: Date())
        switch settings.way {
        case .smtp(let server): try deliver(message, from: settings.from, to: mail.to, server)
        case .sendmail(let path):
            try Sendmail.deliver(message, from: settings.from, to: mail.to, command: path, timeoutSeconds: timeoutSeconds)
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
