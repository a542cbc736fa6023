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
        let silences = mapping["silences"].map { [("silences", member($0))] } ?? []
        return AlertMember.object([("rules", member(rules))] + silences).json
    }

    private static func member(_ node: Node) -> AlertMember {
        switch node {
        case .mapping(let mapping): return .object(mapping.map { ($0.key.string ?? "", member($0.value)) })
        case .sequence(let sequence): return .list(sequence.map { member($0) })
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
