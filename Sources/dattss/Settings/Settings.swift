import ArgumentParser
import DattssLog
import DattssServer
import FoundationEssentials

/// Where the value of an option comes from: the command line, else `DATTSS_…` in the environment, else the configuration
/// file, else the standard.
struct Settings {
    private let file: [String: String]
    private let environment: [String: String]

    /// - Parameter path: a file of `option = value` lines; `#` begins a comment.
    init(file path: String? = nil, environment: [String: String] = ProcessInfo.processInfo.environment) throws {
        self.environment = environment
        guard let path = path ?? environment["DATTSS_CONFIG"] else {
            file = [:]
            return
        }
        let text: String
        do { text = try String(contentsOfFile: path, encoding: .utf8) } catch {
            let failure = CommandFailure(explaining: error)
            throw CommandFailure(failure.code, "the configuration file cannot be read: \(failure.problem)", failure.wayOut)
        }
        file = try Self.parse(text, path)
    }

    /// The value of `--option`, as text.
    func text(_ option: String, _ given: String?) -> String? {
        given ?? environment[Self.variable(of: option)] ?? file[option]
    }

    /// The value of `--option`.
    /// - Throws: when the text is none of the type; the message says where it came from.
    func value<Value>(
        _ option: String, _ given: String?, standard: Value, _ expected: String, _ parse: (String) -> Value?
    ) throws -> Value {
        guard let text = text(option, given) else { return standard }
        guard let value = parse(text) else {
            throw ValidationError("--\(option) (or \(Self.variable(of: option))): is '\(text)', expected \(expected)")
        }
        return value
    }

    /// - Parameter maximum: what can be reckoned with: a thousand times as much still is a number.
    func integer<Value: FixedWidthInteger>(
        _ option: String, _ given: String?, standard: Value, atLeast minimum: Value,
        atMost maximum: Value = Value(clamping: 1 << 40)
    ) throws -> Value {
        try value(option, given, standard: standard, "an integer from \(minimum) to \(maximum)") { text in
            Value(text).flatMap { minimum...maximum ~= $0 ? $0 : nil }
        }
    }

    /// An amount of memory: bytes, or a number with the unit k, m or g, each 1,024 of the one before.
    func bytes(_ option: String, _ given: String?, standard: Int, atLeast minimum: Int) throws -> Int {
        let maximum = 1 << 40
        let expected = "bytes from \(minimum) to \(maximum), as \(minimum) or \(minimum >> 20)m"
        return try value(option, given, standard: standard, expected) { text in
            let unit = text.last.flatMap { ["k": 10, "m": 20, "g": 30][$0.lowercased()] }
            guard let number = Int(unit == nil ? text[...] : text.dropLast()), number >= 0 else { return nil }
            let (bytes, isTooLarge) = number.multipliedReportingOverflow(by: 1 << (unit ?? 0))
            return !isTooLarge && minimum...maximum ~= bytes ? bytes : nil
        }
    }

    /// Whether a flag is set: on the command line, or as `true` elsewhere.
    func flag(_ option: String, _ isGiven: Bool) throws -> Bool {
        try value(option, isGiven ? "true" : nil, standard: false, "true or false") { Bool($0) }
    }

    static func variable(of option: String) -> String {
        "DATTSS_" + option.uppercased().replacing("-", with: "_")
    }

    static func parse(_ text: String, _ path: String) throws -> [String: String] {
        var options: [String: String] = [:]
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let content = line.prefix { $0 != "#" }
            if content.allSatisfy(\.isWhitespace) { continue }
            let parts = content.split(separator: "=", maxSplits: 1).map { $0.trimmed }
            guard parts.count == 2, !parts[0].isEmpty else {
                throw CommandFailure(.configuration, "\(path):\(index + 1): expected 'option = value', found '\(line)'")
            }
            guard ServeCommand.optionNames.contains(parts[0]) || WebSettingNames.secret.contains(parts[0]) else {
                throw CommandFailure(
                    .configuration, "\(path):\(index + 1): there is no option '\(parts[0])'", "'dattss serve --help' lists them")
            }
            options[parts[0]] = parts[1]
        }
        return options
    }
}

extension Substring {
    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}

/// The option that every command has.
struct DataDirectoryOption: ParsableArguments {
    @Option(name: .customLong("data-dir"), help: "The data folder (default: data).")
    var path: String?

    func resolved(_ settings: Settings) -> String { settings.text("data-dir", path) ?? "data" }
    func resolved() throws -> String { resolved(try Settings()) }

    /// The folder, which has to be there already: only `serve` and `import` make one, so that a name that is mistyped does not.
    func existing() throws -> String {
        let directory = try resolved()
        try Self.requireLog(in: directory)
        return directory
    }

    /// The users of the folder, who have to be there already.
    func accounts() throws -> Accounts {
        let directory = try resolved()
        try Self.require(["accounts.sqlite"], in: directory)
        try Self.requireSecret(in: directory)
        let accounts = try Accounts(directory: directory)
        if try StreamFile(fileSystem: POSIXFileSystem(), directory: directory).read() != nil {
            try Self.requireOwner(of: directory)
            accounts.awaitServer(of: directory)
        }
        return accounts
    }

    /// In a cluster the accounts of one folder count, that of the server that owns them.
    private static func requireOwner(of directory: String) throws {
        let isServed: Bool
        do throws(LogError) {
            let lock = try DataFolder.lock(directory, fileSystem: POSIXFileSystem())
            lock.release()
            isServed = false
        } catch { isServed = true }
        guard isServed, AddressFile(directory).read() != nil else {
            throw CommandFailure(
                .unavailable,
                "the accounts of '\(directory)' are those of a cluster, and its server \(isServed ? "stands by" : "does not run")",
                "run this where the server is that owns them: /healthz of one that stands by names it")
        }
    }

    /// All keys come from the secret: a new one would make them worthless without a word.
    static func requireSecret(in directory: String) throws {
        guard try !POSIXFileSystem().exists(directory + "/secret") else { return }
        throw CommandFailure(.noInput, "the data folder '\(directory)' has lost its file 'secret'", "put it back from a backup")
    }

    static func requireLog(in directory: String, _ option: String = "--data-dir") throws {
        try require(["accounts.sqlite", "accepted", "minutes", "days", "hours"], in: directory, option)
    }

    /// - Parameter names: of which a folder of the kind that is expected has at least one.
    private static func require(_ names: [String], in directory: String, _ option: String = "--data-dir") throws {
        let fileSystem = POSIXFileSystem()
        for name in names where try fileSystem.exists("\(directory)/\(name)") { return }
        let problem =
            try fileSystem.exists(directory) ? "'\(directory)' is no data folder" : "there is no data folder '\(directory)'"
        throw CommandFailure(.noInput, problem, "name one with \(option); 'dattss serve' and 'dattss import' make one")
    }
}
