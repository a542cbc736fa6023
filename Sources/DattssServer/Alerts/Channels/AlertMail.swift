import DattssCore
import Foundation

/// A letter of an alert: plain text, and the same as HTML, with a picture if there is one.
///
///     multipart/alternative
///     ├── text/plain
///     └── multipart/related       (without a picture only what is first in it)
///         ├── text/html
///         └── image/png
struct AlertMail: Sendable, Hashable {
    var to: EmailAddress
    private var message: AlertMessage
    private var link: String
    private var picture: AlertPicture?

    init(_ message: AlertMessage, to: EmailAddress, link: String, picture: AlertPicture? = nil) {
        (self.message, self.to, self.link, self.picture) = (message, to, link, picture)
    }

    /// As RFC 5322 and RFC 2046 want it. The key is the Message-ID, so that a letter that is sent twice is shown once by those who
    /// look at it.
    func message(from: EmailAddress, at time: Date) -> [UInt8] {
        let domain = from.description.drop { $0 != "@" }
        let boundary = "dattss-\(message.key)"
        let head = [
            "From: DaTtSs <\(from)>", "To: <\(to)>", "Subject: \(Self.encoded(message.subject))",
            "Date: \(InternetDate.mail(time))",
            "Message-ID: <alert-\(message.key)\(domain)>", "Auto-Submitted: auto-generated", "MIME-Version: 1.0",
            "Content-Type: multipart/alternative; boundary=\"\(boundary)\"", "",
        ]
        let contentID = "plot-\(message.key)\(domain)"
        var lines = head + ["--\(boundary)"] + Self.part("text/plain", message.text + "\n\n" + link + "\n") + ["--\(boundary)"]
        if let picture {
            // (None of them begins with the other, as RFC 2046 wants it.)
            let inner = "related-\(message.key)"
            lines += ["Content-Type: multipart/related; type=\"text/html\"; boundary=\"\(inner)\"", "", "--\(inner)"]
            lines += Self.part("text/html", html(contentID)) + ["--\(inner)"]
            lines += [
                "Content-Type: image/png; name=\"plot.png\"", "Content-Transfer-Encoding: base64",
                "Content-ID: <\(contentID)>", "Content-Disposition: inline; filename=\"plot.png\"", "",
                Self.base64(Data(picture.png)), "--\(inner)--",
            ]
        } else {
            lines += Self.part("text/html", html(contentID))
        }
        return Array((lines + ["--\(boundary)--", ""]).joined(separator: "\r\n").utf8)
    }

    private static func part(_ type: String, _ text: String) -> [String] {
        [
            "Content-Type: \(type); charset=utf-8", "Content-Transfer-Encoding: base64", "",
            base64(Data(text.replacing("\n", with: "\r\n").utf8)),
        ]
    }

    /// RFC 2047, in words of at most 75 characters.
    static func encoded(_ text: String) -> String {
        if text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }), text.utf8.count <= 180 { return text }
        var words: [String] = []
        var word = ""
        for character in text.prefix(200) {
            if (word + String(character)).utf8.count > 42 {
                words.append(word)
                word = ""
            }
            word.append(character)
        }
        return (words + [word]).map { "=?utf-8?B?" + Data($0.utf8).base64EncodedString() + "?=" }.joined(separator: "\r\n ")
    }

    private static func base64(_ bytes: Data) -> String {
        bytes.base64EncodedString(options: [.lineLength76Characters, .endLineWithCarriageReturn, .endLineWithLineFeed])
    }

    private func html(_ contentID: String) -> String {
        let rows = message.entries.prefix(AlertMessage.listedMax).map { entry in
            let colour = !entry.isFiring ? "#2e9e5b" : entry.severity == "critical" ? "#c8322b" : "#b37400"
            let word = entry.isFiring ? entry.severity : entry.event
            let text = entry.text.isEmpty || !entry.isFiring ? "" : "<br>" + Self.escaped(entry.text)
            let runbook = entry.runbook.map { " <a href=\"\(Self.escaped($0))\">Runbook</a>" } ?? ""
            return """
                <tr><td style="color:\(colour);padding:4px 12px 4px 0;vertical-align:top"><b>\(Self.escaped(word))</b></td>
                <td style="padding:4px 0"><b>\(Self.escaped(entry.name))</b><br>\(Self.escaped(entry.line))\(text)\(runbook)</td></tr>
                """
        }
        let rest =
            message.entries.count > AlertMessage.listedMax
            ? "<p>… and \(message.entries.count - AlertMessage.listedMax) more</p>" : ""
        let body = message.isTest ? "<p>\(Self.escaped(message.text))</p>" : "<table>\(rows.joined(separator: "\n"))</table>\(rest)"
        return """
            <!doctype html><html><body style="font-family:sans-serif">
            \(body)\(image(contentID))
            <p><a href="\(Self.escaped(link))">DaTtSs</a></p></body></html>
            """
    }

    private func image(_ contentID: String) -> String {
        guard let picture else { return "" }
        let size = "width=\"\(AlertPlot.shownWidth)\" height=\"\(AlertPlot.shownHeight)\""
        return "\n<p><img src=\"cid:\(Self.escaped(contentID))\" \(size) alt=\"\(Self.escaped(picture.text))\"></p>"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
    }
}
