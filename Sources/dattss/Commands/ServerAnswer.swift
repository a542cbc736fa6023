import FoundationEssentials

/// What commands do with a server's answer in JSON.
enum ServerAnswer {
    /// - Throws: `unavailable` for what no server of this version answers.
    static func decode<Answer: Decodable>(
        _ bytes: [UInt8], as type: Answer.Type = Answer.self
    ) throws(CommandFailure) -> Answer {
        do { return try JSONDecoder().decode(type, from: Data(bytes)) } catch {
            throw CommandFailure(.unavailable, "the server's answer is not understood")
        }
    }

    /// Prints the answer as it came, or a table of it.
    /// - Parameter nothing: what is said instead of a table that has no rows; nil when it has some.
    static func show(_ bytes: [UInt8], asJSON: Bool, nothing: String?, table: () -> TextTable) {
        do {
            if asJSON {
                try Output.line(String(decoding: bytes, as: UTF8.self))
            } else if let nothing {
                StandardStream.error.note(nothing)
            } else {
                try table().print()
            }
            try Output.flush()
        } catch {
            CommandRun.end(error)
        }
    }
}
