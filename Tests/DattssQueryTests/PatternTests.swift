import DattssQuery
import Testing

@Suite struct PatternTests {
    @Test(
        "a pattern matches the paths that Graphite's would",
        arguments: [
            ("host.*.cpu", ["host.a.cpu", "host..cpu"], ["host.a.b.cpu", "host.cpu", "xhost.a.cpu", "host.a.cpu2"]),
            ("host.{a,b}.cpu", ["host.a.cpu", "host.b.cpu"], ["host.c.cpu", "host.{a,b}.cpu"]),
            ("**", ["a", "a.b", "a.b.c"], []), ("host.**", ["host.a", "host.a.b"], ["host", "other.a"]),
            ("host.**.cpu", ["host.cpu", "host.a.cpu", "host.a.b.cpu"], ["host.a.cpux", "hostcpu"]),
            ("a?c", ["abc"], ["ac", "a.c", "abbc"]), ("web[1-3a]", ["web1", "weba"], ["web4", "web"]),
            ("{a,b{c,d}}.x*", ["a.x", "bc.xy", "bd.x"], ["b.x", "a.y"]), ("*a*b*", ["ab", "xaybz"], ["ba", "a.b"]),
        ])
    func paths(_ text: String, _ matching: [String], _ others: [String]) throws {
        let pattern = try PathPattern(text)
        for path in matching { #expect(pattern.matches(path), "\(text) and \(path)") }
        for path in others { #expect(!pattern.matches(path), "\(text) and \(path)") }
    }

    @Test("a pattern that is none is refused", arguments: ["", "a{b", "a}b", "a[b", "a[]", "a[z-a]", "a**", "**b"])
    func refused(_ text: String) { #expect(throws: QueryError.self) { try PathPattern(text) } }

    @Test("what all paths begin with is known before one is looked at")
    func prefix() throws {
        #expect(try PathPattern("host.*.cpu").prefix == "host.")
        #expect(try PathPattern("host.{abc,abd}.cpu").prefix == "host.ab")
        #expect(try PathPattern("**").prefix == "")
    }

    @Test("alternatives of alternatives have an end")
    func alternatives() {
        #expect(throws: QueryError.self) { try PathPattern(String(repeating: "{a,b}", count: 20)) }
    }

    @Test(
        "a regular expression matches whole texts as RE2's would",
        arguments: [
            ("a.c", ["abc", "a.c"], ["ac", "abcd", "xabc"]), ("a|bc", ["a", "bc"], ["abc", ""]), (".*", ["", "anything"], []),
            ("(ab)+c?", ["ab", "ababc"], ["", "abb"]), ("[a-c]{2,3}", ["ab", "abc"], ["a", "abca", "ad"]),
            ("\\d+\\.\\d", ["10.5"], ["1005"]),
            ("[^.]+", ["web-1"], ["a.b", ""]), ("^abc$", ["abc"], ["abcd"]), ("(?i)get|PUT", ["GET", "put"], ["post"]),
            ("a{2}", ["aa"], ["a", "aaa"]), ("x*?y", ["xxy", "y"], ["x"]), ("(?:a|b)*", ["", "abba"], ["c"]),
            ("[]a]", ["]", "a"], ["b"]),
            ("", [""], ["a"]), ("a{,2}", ["a{,2}"], ["a"]),
        ])
    func expressions(_ text: String, _ matching: [String], _ others: [String]) throws {
        let pattern = try LinearPattern(text)
        for path in matching { #expect(pattern.matches(path), "\(text) and \(path)") }
        for path in others { #expect(!pattern.matches(path), "\(text) and \(path)") }
    }

    @Test(
        "an expression that is none, or too much, is refused",
        arguments: [
            "(", ")", "[a", "*a", "a\\", "a{5,2}", "\\b", "(?=a)", "a^b", "((a{1000}){1000}){1000}", "((){1000}){1000}", "a{1001}",
        ])
    func refusedExpressions(_ text: String) { #expect(throws: QueryError.self) { try LinearPattern(text) } }

    @Test("an expression that would take others for ever takes its length times that of the text")
    func evil() throws {
        let text = String(repeating: "a", count: 255) + "!"
        for evil in ["(a+)+b", "(a|a)*b", "(a*)*b", "(.*)*(.*)*(.*)*b", "((a?){50}){50}b".replacing("50", with: "20")] {
            #expect(!(try LinearPattern(evil).matches(text)))
        }
    }
}
