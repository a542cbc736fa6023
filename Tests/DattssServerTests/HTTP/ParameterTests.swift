import DattssCore
import Testing

@testable import DattssServer

@Suite("Parameters of a request")
struct ParameterTests {
    /// Goal: times as the design has them, and nothing else.
    @Test(
        "read times",
        arguments: [
            ("1795330000", 1_795_330_000_000), ("1795330000.25", 1_795_330_000_250), ("0", 0), ("-1", -1000),
            ("2026-11-22T20:13:20Z", 1_795_378_400_000), ("2026-11-22T21:13:20+01:00", 1_795_378_400_000),
            ("2026-11-22T20:13:20.500Z", 1_795_378_400_500),
        ] as [(String, Int64)])
    func times(text: String, milliseconds: Int64) throws {
        #expect(try TimeParameter.parse(text, "from") == Timestamp(milliseconds: milliseconds))
    }

    @Test(
        "refuse what is no time",
        arguments: [
            "", "now", "nan", "inf", "1e300", "2026-11-22", "2026-13-22T20:13:20Z",
            "+999999999999999-01-01T00:00:00Z", "99999999999999999999-01-01T00:00:00Z", "999999999-12-31T23:59:59.999Z",
            "2026-11-22T24:00:00Z", "2026-11-22T25:13:20Z", "2026-11-22T20:60:20Z", "2026-11-22T20:13:61Z",
            "2026-11-22T20:13:20+24:00",
            "2026-11-22T20:13:20+01:60", "2026-11-22T20:13:20", "2026-11-22T20:13:20Zx", "2026-11-22T20:13:20Z+01:00",
            "2026-11-22T20:13:20." + String(repeating: "0", count: 100) + "Z",
        ])
    func notTimes(text: String) {
        #expect(throws: ErrorAnswer.self) { try TimeParameter.parse(text, "from") }
    }

    @Test(
        "name a day that there is not",
        arguments: ["2026-02-30", "2026-02-29", "2025-11-31", "2026-04-31", "2026-13-01", "2026-00-10", "2026-01-00", "2100-02-29"])
    func noSuchDays(day: String) {
        for time in ["T20:13:20Z", "T20:13:20.5Z", "T00:00:00+01:00", "t20:13:20z"] {
            let error = #expect(throws: ErrorAnswer.self) { try TimeParameter.parse(day + time, "from") }
            #expect(error?.message == "from: there is no day '\(day)'")
        }
        #expect(CalendarDate(day) == nil)
    }

    @Test(
        "know the 29th of February",
        arguments: [("2024-02-29T00:00:00Z", 1_709_164_800), ("2000-02-29t12:00:00.000+0200", 951_818_400)])
    func leapDays(text: String, seconds: Int64) throws {
        #expect(try TimeParameter.parse(text, "from") == Timestamp(seconds: seconds))
    }

    /// Goal: the day that a zone's calendars show, also across a change of clocks.
    @Test("know the zones of the world")
    func zones() throws {
        let paris = try NamedTimeZone("Europe/Paris")
        #expect(paris.secondsFromUTC(at: Timestamp(seconds: 1_795_378_400)) == 3600)
        #expect(paris.secondsFromUTC(at: Timestamp(seconds: 1_782_000_000)) == 7200)
        #expect(paris.date(at: Timestamp(seconds: 1_795_388_400)).description == "2026-11-23")
        #expect(try NamedTimeZone("UTC").date(at: Timestamp(seconds: 1_795_388_400)).description == "2026-11-22")
        #expect(throws: ErrorAnswer.self) { try NamedTimeZone("Mars/Olympus") }
    }

    @Test(
        "read addresses",
        arguments: [
            ("127.0.0.1:3002", "127.0.0.1", 3002), ("[::1]:0", "::1", 0), ("localhost:65535", "localhost", 65535),
        ])
    func addresses(text: String, host: String, port: Int) {
        #expect(HostPort(text) == HostPort(host: host, port: port))
        #expect(HostPort(text)?.description == text)
    }

    @Test("refuse what is no address", arguments: ["", "3002", "host:", ":3002", "host:65536", "host:-1"])
    func notAddresses(text: String) {
        #expect(HostPort(text) == nil)
    }
}
