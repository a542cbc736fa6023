import ArgumentParser
import Foundation
import NIOHTTP1
import Yams

/// `dattss alert apply rules.yaml`
struct AlertApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Makes the rules those of a file, and shows what changes.",
        discussion: """
            The file is YAML: 'rules:', and below it a list of rules with the members that the API has. A rule without 'id' gets one from \
            its name. Rules that are not in the file are removed.

              rules:
                - name: Slow checkout
                  match: checkout.*
                  measure: p95
                  above: 800
                  recover: 700
                  for: 60
                  channels: [ops]
              silences:              # maintenance that comes each week; without this, what there is stays
                - every: Sun 02:00-04:00 Europe/Paris
                  match: checkout.**
            """)

    @OptionGroup var server: AlertServerOptions
    @Flag(help: "Only show what would change.") var dryRun = false
    @Argument(help: "The file.") var file: String

    func run() async throws {
        let text: String
        do { text = try String(contentsOfFile: file, encoding: .utf8) } catch {
            let failure = CommandFailure(explaining: error)
            throw CommandFailure(failure.code, "the rules cannot be read: \(failure.problem)", failure.wayOut)
        }
        let body = try AlertRuleFile.json(of: text, named: file)
        let difference: AlertDifference = try await server.ask(dryRun ? "rules?dry=true" : "rules", .PUT, body)
        for line in difference.lines { try Output.line(line) }
        if dryRun { StandardStream.error.note("nothing was changed") }
        try Output.flush()
    }
}

/// Rules as a file.
enum AlertRuleFile {
    /// The rules as the server takes them.
    /// - Throws: ``CommandFailure`` with the line that is wrong.
    static func json(of text: String, named file: String) throws(CommandFailure) -> [UInt8] {
        let root: Node?
        do { root = try Yams.compose(yaml: text) } catch { throw CommandFailure(.data, "\(file): \(error)") }
        guard let root, case .mapping(let mapping) = root, let rules = mapping["rules"], case .sequence = rules else {
            throw CommandFailure(.data, "\(file): expected 'rules:' with a list of rules below it")
        }
        var left = valuesMax
        var members: [(String, AlertMember)] = []
        for (name, node) in [("rules", rules), ("silences", mapping["silences"])] {
            guard let node else { continue }
            guard let member = member(node, &left) else {
                throw CommandFailure(.data, "\(file): expected at most \(valuesMax) values, with those that aliases repeat")
            }
            members.append((name, member))
        }
        return AlertMember.object(members).json
    }

    /// More than 10,000 rules have. (A kilobyte of aliases of aliases stands for a billion.)
    private static let valuesMax = 500_000

    /// - Returns: nil when there are too many.
    private static func member(_ node: Node, _ left: inout Int) -> AlertMember? {
        left -= 1
        if left < 0 { return nil }
        switch node {
        case .mapping(let mapping):
            var members: [(String, AlertMember)] = []
            for (key, value) in mapping {
                guard let value = member(value, &left) else { return nil }
                members.append((key.string ?? "", value))
            }
            return .object(members)
        case .sequence(let sequence):
            var members: [AlertMember] = []
            for node in sequence {
                guard let value = member(node, &left) else { return nil }
                members.append(value)
            }
            return .list(members)
        case .scalar(let scalar):
            // A text in quotes is a text, whatever it looks like.
            if scalar.style == .doubleQuoted || scalar.style == .singleQuoted { return .text(scalar.string) }
            if node.null != nil { return .nothing }
            if let flag = node.bool { return .flag(flag) }
            if let number = node.float { return .number(number) }
            return .text(scalar.string)
        case .alias: return .nothing
        }
    }
}
