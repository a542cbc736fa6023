import Testing

@testable import dattss

@Suite("A file of rules")
struct AlertRuleFileTests {
    @Test("becomes JSON, with what an alias stands for in its place")
    func aliases() throws {
        let text = """
            rules:
              - &one {id: a, match: "x", above: 1, channels: [ops]}
              - <<: *one
              - *one
            """
        let json = String(decoding: try AlertRuleFile.json(of: text, named: "rules.yaml"), as: UTF8.self)
        let rule = #"{"id":"a","match":"x","above":1,"channels":["ops"]}"#
        #expect(json == #"{"rules":[\#(rule),{"<<":\#(rule)},\#(rule)]}"#)
    }

    /// Goal: a file of some hundred bytes that stands for a billion values is refused at once, and takes no memory.
    @Test("refuses what is more than can be meant")
    func bomb() throws {
        let levels = (1...9).map { "l\($0): &l\($0) [\(Array(repeating: "*l\($0 - 1)", count: 9).joined(separator: ", "))]" }
        let text = "l0: &l0 [1]\n" + levels.joined(separator: "\n") + "\nrules: *l9\n"
        do {
            _ = try AlertRuleFile.json(of: text, named: "rules.yaml")
            Issue.record("a billion values are taken")
        } catch {
            #expect(error.problem == "rules.yaml: expected at most 500000 values, with those that aliases repeat")
        }
    }
}
