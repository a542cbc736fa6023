import FoundationEssentials

/// What JetStream says and is told, as JSON (https://docs.nats.io/reference/reference-protocols/nats_api_reference). Only what is
/// looked at is here.
enum JetStreamAnswers {
    struct Failure: Codable {
        var code: Int
        var err_code: Int?
        var description: String?
    }

    /// The answer to a message that was to be stored.
    struct Stored: Codable {
        var error: Failure?
        var stream: String?
        var seq: UInt64?
        var duplicate: Bool?
    }

    struct State: Codable {
        var first_seq: UInt64
        var last_seq: UInt64
    }

    struct Info: Codable {
        var error: Failure?
        var config: JetStreamConfiguration?
        var created: String?
        var state: State?
    }

    struct Done: Codable {
        var error: Failure?
        var success: Bool?
    }

    /// A message that is asked for.
    struct Get: Codable { var seq: UInt64 }

    /// What lies before this position is to go.
    struct Purge: Codable { var seq: UInt64 }

    /// What matters of `/varz`.
    struct Varz: Codable {
        struct JetStream: Codable {
            struct Config: Codable {
                var sync_always: Bool?
                var sync_interval: Int64?
            }
            var config: Config?
        }
        var server_name: String?
        var jetstream: JetStream?
    }

    static let noSuchStream = 10059
    /// The last sequence is another one; the second comes from a leader that has not decided on an earlier message yet.
    static let wrongLastSequence: Set<Int> = [10071, 10164]

    static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) throws -> Value {
        do { return try JSONDecoder().decode(type, from: Data(bytes)) } catch {
            throw StreamProblem(
                "JetStream's answer is not what was expected: \(String(decoding: bytes.prefix(200), as: UTF8.self))")
        }
    }

    static func encode(_ value: some Encodable) throws -> [UInt8] { Array(try JSONEncoder().encode(value)) }
}

/// How a stream is kept. Everything that a promise rests on is named, and compared where the stream is there already.
struct JetStreamConfiguration: Codable, Sendable, Hashable {
    var name: String
    var subjects: [String]?
    var retention: String?
    var storage: String?
    var discard: String?
    var num_replicas: Int?
    var max_age: Int64?
    var max_msgs: Int64?
    var max_bytes: Int64?
    var max_msg_size: Int64?
    var duplicate_window: Int64?
    var allow_direct: Bool?
    var deny_delete: Bool?
    var no_ack: Bool?

    /// A message that is sent again within this time is known by its id.
    static let duplicateWindowNanoseconds: Int64 = 120_000_000_000

    init(stream: String, subject: String, replicas: Int) {
        (name, subjects, num_replicas) = (stream, [subject], replicas)
        (retention, storage, discard) = ("limits", "file", "new")
        (max_age, max_msgs, max_bytes, max_msg_size) = (0, -1, -1, -1)
        (duplicate_window, allow_direct, deny_delete) = (Self.duplicateWindowNanoseconds, true, true)
    }

    /// What keeps a stream from being an accepted log; nil when nothing does.
    func problem(subject: String, replicas: Int) -> String? {
        func limits(_ number: Int64?) -> Bool { (number ?? 0) > 0 }
        if storage != "file" { return "it is kept in '\(storage ?? "")', expected storage 'file'" }
        if (num_replicas ?? 1) < replicas { return "\(num_replicas ?? 1) servers keep it, expected \(replicas) replicas or more" }
        if retention != "limits" { return "its retention is '\(retention ?? "")', expected 'limits'" }
        if limits(max_age) || limits(max_msgs) {
            return "it lets go of messages by their age or number, expected no max_age and no max_msgs"
        }
        if limits(max_bytes), discard != "new" { return "it lets go of old messages for new ones, expected discard 'new'" }
        if limits(max_msg_size) { return "it takes messages of at most \(max_msg_size ?? 0) bytes, expected no max_msg_size" }
        if allow_direct != true { return "its messages cannot be read from each server, expected allow_direct" }
        if no_ack == true { return "it acknowledges nothing, expected no no_ack" }
        if subjects != [subject] { return "its subjects are \(subjects ?? []), expected '\(subject)' alone" }
        return nil
    }
}
