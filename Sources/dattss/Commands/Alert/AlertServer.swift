import ArgumentParser
import DattssClient
import DattssCore
import Foundation
import NIOHTTP1

/// The server whose alerts are asked for.
struct AlertServerOptions: ParsableArguments {
    @OptionGroup var dataDirectory: DataDirectoryOption
    @Option(help: "The server (default: the one that runs on the data folder).") var url: String?
    @Option(help: "The auth key (default: that of the user 'local').") var auth: String?

    /// - Parameter path: behind `/api/v1/alerts/`.
    func ask<Answer: Decodable>(
        _ path: String, _ method: HTTPMethod = .GET, _ body: [UInt8]? = nil, as type: Answer.Type = Answer.self
    ) async throws(CommandFailure) -> Answer {
        let bytes: [UInt8]
        do {
            let endpoint = try Endpoint.resolve(url: url, auth: auth, dataDir: dataDirectory.path)
            let place = "/api/v1/alerts" + (path.isEmpty ? "" : "/" + path)
            let answer = try await endpoint.ask(place, method: method, body: body) { _, status, message in
                CommandFailure(status < 500 ? .data : .unavailable, message)
            }
            bytes = answer.isEmpty ? Array("{}".utf8) : Array(answer)
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure(explaining: error)
        }
        return try ServerAnswer.decode(bytes)
    }

    /// Asks for what answers nothing that is read.
    func tell(_ path: String, _ method: HTTPMethod, _ body: [UInt8]? = nil) async throws(CommandFailure) {
        _ = try await ask(path, method, body, as: AlertNoAnswer.self)
    }

    /// A part of a path.
    static func escaped(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(CharacterSet(charactersIn: "-._~"))) ?? text
    }
}

/// A value of JSON that is sent, or that came and is shown.
enum AlertMember: Decodable {
    case text(String)
    case number(Double)
    case flag(Bool)
    case nothing
    case list([AlertMember])
    case object([(String, AlertMember)])

    /// As bytes. What is no number becomes a text, so that the server says which member it is.
    var json: [UInt8] {
        var json = JSONWriter()
        write(&json)
        return json.bytes
    }

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .nothing
        } else if let flag = try? value.decode(Bool.self) {
            self = .flag(flag)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let list = try? value.decode([AlertMember].self) {
            self = .list(list)
        } else {
            self = .object(try value.decode([String: AlertMember].self).sorted { $0.key < $1.key })
        }
    }

    /// For people.
    var shown: String {
        switch self {
        case .text(let text): text
        case .number(let number): AlertLists.number(number)
        case .flag(let flag): "\(flag)"
        case .nothing: "(none)"
        case .list(let members): "[" + members.map(\.shown).joined(separator: ", ") + "]"
        case .object(let members): "{" + members.map { "\($0): \($1.shown)" }.joined(separator: ", ") + "}"
        }
    }

    private func write(_ json: inout JSONWriter) {
        switch self {
        case .text(let text): json.value(text)
        case .number(let number): if number.isFinite { json.value(number) } else { json.value("\(number)") }
        case .flag(let flag): json.value(flag)
        case .nothing: json.null()
        case .list(let members):
            json.array { json in
                for member in members { member.write(&json) }
            }
        case .object(let members):
            json.object { json in
                for (name, member) in members {
                    json.name(escaping: name)
                    member.write(&json)
                }
            }
        }
    }
}

/// Moments for people.
enum AlertTimes {
    static func text(_ seconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601.dateTimeSeparator(.space))
    }

    /// `every Sun 02:00-04:00 Europe/Paris`, but `daily 02:00-04:00 Europe/Paris`.
    static func every(_ week: String) -> String { week.hasPrefix("daily") ? week : "every \(week)" }

    /// `41 minutes`
    static func duration(_ seconds: Int) -> String {
        switch seconds {
        case ..<120: "\(seconds) seconds"
        case ..<7200: "\(seconds / 60) minutes"
        default: "\(seconds / 3600) hours \(seconds % 3600 / 60) minutes"
        }
    }
}
