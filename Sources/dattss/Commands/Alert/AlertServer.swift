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
    func ask(_ path: String, _ method: HTTPMethod = .GET, _ body: [UInt8]? = nil) async throws(CommandFailure) -> [String: Any] {
        try await value(path, method, body) as? [String: Any] ?? [:]
    }

    func list(_ path: String) async throws(CommandFailure) -> [[String: Any]] {
        try await value(path, .GET, nil) as? [[String: Any]] ?? []
    }

    private func value(_ path: String, _ method: HTTPMethod, _ body: [UInt8]?) async throws(CommandFailure) -> Any? {
        do {
            let endpoint = try Endpoint.resolve(url: url, auth: auth, dataDir: dataDirectory.path)
            let place = "/api/v1/alerts" + (path.isEmpty ? "" : "/" + path)
            let answer = try await endpoint.ask(place, method: method, body: body) { _, status, message in
                CommandFailure(status < 500 ? .data : .unavailable, message)
            }
            return answer.isEmpty ? nil : try JSONSerialization.jsonObject(with: Data(answer))
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure(explaining: error)
        }
    }

    /// A part of a path.
    static func escaped(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(CharacterSet(charactersIn: "-._~"))) ?? text
    }
}

/// A value of JSON that is sent.
enum AlertMember {
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
    static func text(_ seconds: Any?) -> String {
        guard let seconds = (seconds as? NSNumber)?.doubleValue else { return "-" }
        return Date(timeIntervalSince1970: seconds).formatted(.iso8601.dateTimeSeparator(.space))
    }

    /// `41 minutes`
    static func duration(_ seconds: Int) -> String {
        switch seconds {
        case ..<120: "\(seconds) seconds"
        case ..<7200: "\(seconds / 60) minutes"
        default: "\(seconds / 3600) hours \(seconds % 3600 / 60) minutes"
        }
    }
}
