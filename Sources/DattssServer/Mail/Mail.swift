import DattssCore
import Foundation

/// A mail with one link in it.
struct Mail: Sendable, Hashable {
    var to: EmailAddress
    var subject: String
    var text: String
    var link: String

    static func signUp(_ to: EmailAddress, link: String) -> Mail {
        Mail(
            to: to, subject: "Your account at DaTtSs",
            text: "Somebody, probably you, wants an account at DaTtSs. Choose a password here, within a day:", link: link)
    }

    static func passwordReset(_ to: EmailAddress, link: String) -> Mail {
        Mail(
            to: to, subject: "Your password at DaTtSs",
            text: "Somebody, probably you, wants to set your password at DaTtSs. Do that here, within an hour:", link: link)
    }

    static func invitation(_ to: EmailAddress, link: String) -> Mail {
        Mail(
            to: to, subject: "An invitation to DaTtSs",
            text: "You are invited to an account at DaTtSs. Make it here, within a week:", link: link)
    }

    /// - Parameters:
    ///   - by: who invites.
    ///   - team: whose statistics.
    static func team(_ to: EmailAddress, by: String, team: UserID, _ role: TeamRole, link: String) -> Mail {
        Mail(
            to: to, subject: "An invitation to a team at DaTtSs",
            text: """
                \(by) invites you to the statistics of '\(team)' at DaTtSs, \(role.words). Look who invites you, and accept, \
                within a week:
                """, link: link)
    }

    /// As RFC 5322 wants it. No part of it can begin a header of its own: addresses have no such characters, and what else
    /// is in the headers is ours.
    func message(from: EmailAddress, at time: Date) -> [UInt8] {
        let domain = from.description.drop { $0 != "@" }
        let lines = [
            "From: DaTtSs <\(from)>", "To: <\(to)>", "Subject: \(subject)", "Date: \(InternetDate.mail(time))",
            "Message-ID: <\(Secret().text.prefix(32))\(domain)>", "Auto-Submitted: auto-generated", "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8", "",
            text, "", link, "", "If it was not you, there is nothing to do.", "",
        ]
        return Array(lines.joined(separator: "\r\n").utf8)
    }
}
