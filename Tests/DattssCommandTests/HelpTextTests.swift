import ArgumentParser
import Foundation
import Testing

@testable import dattss

@Suite("Help")
struct HelpTextTests {
    /// The help of every command, before it is wrapped.
    private static let texts: [String] = {
        func texts(_ command: any ParsableCommand.Type) -> [String] {
            [DattssCommand.helpMessage(for: command, columns: HelpText.unwrapped)]
                + command.configuration.subcommands.flatMap(texts)
        }
        return texts(DattssCommand.self)
    }()

    private static func commands(_ text: String) -> [Substring] {
        text.split(separator: "\n").filter { line in
            let content = line.drop { $0 == " " }
            return line.first == " " && ["dattss ", "curl ", "echo "].contains { content.hasPrefix($0) }
        }
    }

    /// Goal: whoever copies an example gets all of it, however narrow the terminal is.
    @Test("never breaks a command that is to be copied", arguments: [20, 40, 60, 80, 132])
    func examples(columns: Int) {
        #expect(Self.texts.count > 20)
        #expect(Self.texts.reduce(0) { $0 + Self.commands($1).count } > 20)
        for text in Self.texts {
            let wrapped = HelpText(text).wrapped(to: columns)
            for command in Self.commands(text) { #expect(wrapped.split(separator: "\n").contains(command), "\(command)") }
        }
    }

    /// Goal: an explanation behind an example is a comment, so that it may be copied along.
    @Test("explains an example in a comment")
    func comments() {
        for command in Self.texts.flatMap(Self.commands) {
            let content = command.drop { $0 == " " }
            let parts = content.split(separator: "  ", maxSplits: 1)
            guard parts.count == 2 else { continue }
            #expect(parts[1].drop { $0 == " " }.hasPrefix("#"), "\(command)")
        }
    }

    /// Goal: all else fits, and no word is lost.
    @Test("wraps all else to the width of the terminal", arguments: [40, 60, 80, 132])
    func wrapping(columns: Int) {
        for text in Self.texts {
            let wrapped = HelpText(text).wrapped(to: columns)
            #expect(wrapped.split { $0.isWhitespace } == text.split { $0.isWhitespace })
            let examples = Self.commands(text)
            for line in wrapped.split(separator: "\n") where line.count > columns {
                let words = line.split(separator: " ")
                let isName = words.count <= 3 && (line.hasPrefix("  -") || line.hasPrefix("  <"))
                #expect(examples.contains(line) || words.count == 1 || isName, "\(line)")
            }
        }
    }

    /// Goal: nobody has to read 35 options to find one.
    @Test("groups the options of the server")
    func groups() {
        let help = DattssCommand.helpMessage(for: ServeCommand.self, columns: 100)
        let titles = [
            "DATA FOLDER:", "WHERE IT LISTENS:", "LINES OF STATSD:", "WHAT IS KEPT:", "LIMITS:", "PEOPLE AND MAIL:",
            "ALERTS:", "TLS AND PROXIES:", "THE PAGE:",
        ]
        let places = titles.map { help.range(of: $0)?.lowerBound }
        #expect(!places.contains(nil))
        #expect(places.compactMap(\.self) == places.compactMap(\.self).sorted())
        let sections = help.components(separatedBy: "\n\n").filter { $0.contains("\n  --") }
        for section in sections { #expect(section.components(separatedBy: "\n  -").count <= 12, "\(section)") }
    }
}
