import DattssCore
import Foundation
import HTTPTypes
import Hummingbird
import Testing

@testable import DattssServer

/// Goal: people can do all of it over HTTP, and what is wrong is named.
@Suite("Alerts over HTTP")
struct AlertRoutesTests {
    private let folder: TestFolder
    private let routes: Routes
    private let key: String

    init() throws {
        folder = try TestFolder()
        routes = try RoutesTests.routes(in: folder)
        let ann = try #require(UserID("ann"))
        try routes.accounts.add(ann, at: routes.clock.now())
        key = try #require(routes.accounts.key(of: ann))
    }

    private func ask(_ method: HTTPRequest.Method, _ path: String, _ body: String = "") async throws -> (status: Int, body: String)
    {
        let answer = try await routes.makeRouter().buildResponder()
            .answer(to: method, "/api/v1/alerts" + path, key: key, body: Array(body.utf8))
        return (answer.status, answer.text)
    }

    @Test("makes, shows, changes and removes rules")
    func rules() async throws {
        let added = try await ask(.post, "/rules", #"{"name":"Slow","match":"a.*","measure":"p95","above":800}"#)
        #expect(added.status == 201)
        let listed = try await ask(.get, "")
        #expect(listed.body.contains(#""name":"Slow","match":"a.*","measure":"p95","above":800"#))
        #expect(listed.body.contains(#""state":"no-data""#) && listed.body.contains(#""rulesMax":10000"#))
        let id = try #require(listed.body.firstMatch(of: /"id":"([0-9a-f]+)"/)?.1)
        #expect(try await ask(.put, "/rules/\(id)", #"{"match":"a.*","measure":"p95","above":900}"#).status == 200)
        #expect(try await ask(.put, "/rules/\(id)", #"{"id":"other","match":"a","measure":"sum","above":9}"#).status == 400)
        #expect(try await ask(.get, "").body.contains(#""above":900"#))
        #expect(try await ask(.delete, "/rules/\(id)").status == 204)
        #expect(try await ask(.delete, "/rules/\(id)").status == 404)
        let events = try await ask(.get, "/events").body
        #expect(events.ranges(of: #""event":"rule-set""#).count == 2 && events.contains(#""event":"rule-removed""#))
        #expect(events.contains(#""by":"default""#))
    }

    @Test("tells what happened by rule, and page by page")
    func events() async throws {
        for id in ["ab", "b"] {
            let rule = #"{"id":"\#(id)","match":"a","measure":"sum","above":1}"#
            for _ in 0..<3 {
                #expect(try await ask(.put, "/rules/\(id)", rule).status == 200)
                #expect(try await ask(.delete, "/rules/\(id)").status == 204)
            }
        }
        for pattern in ["a*", "**", "b"] {
            #expect(try await ask(.post, "/silences", #"{"rule":"\#(pattern)","for":60}"#).status == 201)
        }
        func events(_ query: String) async throws -> [(id: Int, rule: String)] {
            let answer = try await ask(.get, "/events" + query)
            #expect(answer.status == 200)
            let found = try #require(JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [[String: Any]])
            return found.map { ($0["id"] as? Int ?? 0, $0["rule"] as? String ?? "") }
        }
        #expect(try await events("").count == 15)
        #expect(try await events("?rule=ab").map(\.rule) == ["**", "a*"] + Array(repeating: "ab", count: 6))
        #expect(try await events("?rule=none").map(\.rule) == ["**"])
        var (pages, before): ([[Int]], Int?) = ([], nil)
        repeat {
            pages.append(try await events("?rule=ab&limit=3" + (before.map { "&before=\($0)" } ?? "")).map(\.id))
            before = pages.last?.last
        } while before != nil
        #expect(pages.map(\.count) == [3, 3, 2, 0])
        #expect(pages.flatMap(\.self) == (try await events("?rule=ab").map(\.id)))
        for query in ["?limit=0", "?limit=501", "?limit=x", "?before=0", "?before=-1"] {
            #expect(try await ask(.get, "/events" + query).status == 400, "\(query)")
        }
    }

    @Test("says of a set of rules what it changes, and with dry=true changes nothing")
    func apply() async throws {
        let first =
            #"{"rules":[{"name":"One","match":"a","measure":"sum","above":1},{"id":"two","match":"b","measure":"sum","above":1}]}"#
        #expect(
            try await ask(.put, "/rules?dry=true", first).body == #"{"added":["one","two"],"changed":[],"removed":[],"same":[]}"#)
        #expect(try await ask(.get, "").body.contains(#""rules":[]"#))
        #expect(try await ask(.put, "/rules?dry=false", first).status == 200)
        // What is neither yes nor no is no reason to let all rules go.
        for text in ["1", "TRUE", "yes", "", "true%20"] {
            #expect(try await ask(.put, "/rules?dry=\(text)", #"{"rules":[]}"#).status == 400, "\(text)")
        }
        #expect(try await ask(.get, "").body.contains(#""id":"two""#))
        let second = #"{"rules":[{"name":"One","match":"a","measure":"sum","above":5}]}"#
        let changed = try await ask(.put, "/rules", second).body
        #expect(changed.contains(#""removed":["two"]"#) && changed.contains(#""above":1"#) && changed.contains(#""above":5"#))
        let twice = try await ask(
            .put, "/rules",
            #"{"rules":[{"id":"x","match":"a","measure":"sum","above":1},{"id":"x","match":"a","measure":"sum","above":1}]}"#)
        #expect(twice.status == 400 && twice.body.contains("rules[1].id: there are two rules 'x'"))
    }

    @Test("knows channels, and shows no secret")
    func channels() async throws {
        let unknown = try await ask(.post, "/rules", #"{"match":"a","measure":"sum","above":1,"channels":["ops"]}"#)
        #expect(unknown.status == 400 && unknown.body.contains("channels[0]: there is no channel 'ops'"))
        let hook = #"{"type":"webhook","url":"https://example.org/","secret":"s3cret"}"#
        let made = try await ask(.put, "/channels/ops", hook)
        #expect(made.status == 200 && !made.body.contains("s3cret"))
        #expect(try await ask(.get, "/channels").body == "[\(made.body)]")
        #expect(try await ask(.post, "/rules", #"{"match":"a","measure":"sum","above":1,"channels":["ops"]}"#).status == 201)
        #expect(try await ask(.post, "/channels/ops/test").status == 202)
        #expect(try await ask(.get, "/messages").body.contains(#""channel":"ops","subject":"A test of DaTtSs""#))
        #expect(try await ask(.post, "/channels/none/test").status == 404)
        #expect(try await ask(.delete, "/channels/ops").status == 204)
        #expect(try await ask(.put, "/channels/a%20b", hook).status == 400)
    }

    @Test("takes and ends silences")
    func silences() async throws {
        let made = try await ask(.post, "/silences", #"{"match":"a.**","for":60,"reason":"new"}"#)
        #expect(made.status == 201)
        let id = try #require(made.body.firstMatch(of: /"id":"([0-9a-f]+)"/)?.1)
        #expect(try await ask(.get, "").body.contains(#""match":"a.**""#))
        #expect(try await ask(.delete, "/silences/\(id)").status == 204)
        // An audit says what was silenced, and not only that something was.
        let events = try await ask(.get, "/events").body
        #expect(events.ranges(of: #""rule":"**","name":"new","subject":"a.**","event":"silence"#).count == 2, "\(events)")
        for (body, problem) in [
            (#"{}"#, "until: is missing"), (#"{"until":5}"#, "until: expected"), (#"{"for":60,"match":"a b"}"#, "match: expected"),
            (#"{"for":1e9}"#, "until: expected"), (#"{"for":60,"x":1}"#, "x: there is no such member"),
        ] {
            let answer = try await ask(.post, "/silences", body)
            #expect(answer.status == 400 && answer.body.contains(problem), "\(body): \(answer.body)")
        }
    }

    @Test("takes silences of each week by themselves and with the rules, and says what changes")
    func weekly() async throws {
        let made = try await ask(.post, "/silences", #"{"every":"Sun 02:00-04:00 Europe/Paris","match":"a"}"#)
        #expect(made.status == 201 && !made.body.contains("until"), "\(made.body)")
        for (body, problem) in [
            (#"{"every":"Sun 02:00-04:00 Mars/Base"}"#, "every: there is no time zone 'Mars/Base'"),
            (#"{"every":"Sun"}"#, "every: expected days"),
        ] {
            let answer = try await ask(.post, "/silences", body)
            #expect(answer.status == 400 && answer.body.contains(problem), "\(answer.body)")
        }
        func put(_ silences: String) async throws -> (status: Int, body: String) {
            let answer = try await ask(.put, "/rules", #"{"rules":[]\#(silences)}"#)
            return (answer.status, answer.body)
        }
        // Without the member they stay; with it they are those and no others; one of one time is left alone.
        #expect(try await ask(.post, "/silences", #"{"for":60,"match":"once"}"#).status == 201)
        #expect(try await !put("").body.contains("silences"))
        let other = #","silences":[{"every":"daily 03:00-04:00","match":"b"}]"#
        let changed = try await put(other)
        #expect(changed.body.contains(#""silencesAdded":["daily 03:00-04:00: b"]"#), "\(changed.body)")
        #expect(changed.body.contains("Sun 02:00-04:00 Europe"))
        #expect(try await put(other).body.contains(#""silencesAdded":[],"silencesRemoved":[]"#))
        let list = try await ask(.get, "").body
        #expect(list.ranges(of: #""active":"#).count == 2)
        #expect(list.contains("once") && list.contains("daily 03:00-04:00") && !list.contains("Paris"))
        let wrong = try await put(#","silences":[{"for":60}]"#)
        #expect(wrong.status == 400 && wrong.body.contains("silences[0].every: is missing"), "\(wrong.body)")
    }

    @Test("looks back, and names what is wrong with the question")
    func backtest() async throws {
        let rule = #"{"match":"a","measure":"sum","above":1}"#
        let answer = try await ask(.post, "/backtest", #"{"rule":\#(rule),"days":2,"atMost":3}"#)
        #expect(answer.status == 200 && answer.body.contains(#""times":0,"seconds":0,"statistics":0"#), "\(answer.body)")
        for (body, problem) in [
            (#"{}"#, "rule: is missing"), (#"{"rule":{"match":"a"}}"#, "rule.measure: is missing"),
            (#"{"rule":\#(rule),"days":99}"#, "days: expected 1 to 28"), (#"{"rule":\#(rule),"atMost":-1}"#, "atMost: expected"),
            (#"{"rule":{"match":"a","measure":"process"}}"#, "rule.measure: which programs"),
            (#"{"rule":{"match":"a","measure":"absence"},"atMost":1}"#, "atMost: a threshold"),
        ] {
            let answer = try await ask(.post, "/backtest", body)
            #expect(answer.status == 400 && answer.body.contains(problem), "\(body): \(answer.body)")
        }
    }

    @Test("acknowledges by a rule that is there")
    func acknowledge() async throws {
        #expect(try await ask(.post, "/rules/none/acknowledge", "{}").status == 404)
        #expect(try await ask(.put, "/rules/r", #"{"match":"a","measure":"sum","above":1}"#).status == 200)
        #expect(try await ask(.post, "/rules/r/acknowledge", "{}").body == #"{"acknowledged":0}"#)
        #expect(try await ask(.post, "/rules/r/acknowledge", #"{"subject":"a"}"#).status == 400)
    }
}
