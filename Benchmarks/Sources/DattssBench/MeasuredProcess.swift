import LibC

/// Runs this program once more and reads the numbers it prints, so that memory and start are those of a fresh process.
enum MeasuredProcess {
    /// - Returns: what stood in the lines `name value` of its output.
    static func run(_ arguments: [String]) throws -> [String: Double] {
        let output = try output(of: arguments)
        var values: [String: Double] = [:]
        for line in String(decoding: output, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, let value = Double(words[1]) { values[String(words[0])] = value }
        }
        return values
    }

    private static func output(of arguments: [String]) throws -> [UInt8] {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw MeasuredProcessError(problem: "pipe: \(String(cString: strerror(errno)))") }
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
        #else
            var actions = posix_spawn_file_actions_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        posix_spawn_file_actions_addclose(&actions, ends[0])
        let words = ([executable] + arguments).map { strdup($0) }
        defer { for word in words { free(word) } }
        var process = pid_t()
        let code = posix_spawn(&process, executable, &actions, nil, words + [nil], environ)
        close(ends[1])
        defer { close(ends[0]) }
        guard code == 0 else { throw MeasuredProcessError(problem: "spawn: \(String(cString: strerror(code)))") }
        let output = readAll(ends[0])
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        guard status == 0 else {
            throw MeasuredProcessError(problem: "\(arguments.joined(separator: " ")) ended with status \(status)")
        }
        return output
    }

    private static func readAll(_ descriptor: Int32) -> [UInt8] {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(descriptor, &piece, piece.count)
            if count > 0 { bytes += piece[..<count] } else if count == 0 || errno != EINTR { return bytes }
        }
    }

    private static var executable: String {
        #if os(Linux)
            "/proc/self/exe"
        #else
            CommandLine.arguments[0]
        #endif
    }
}

/// A measurement in a process of its own failed.
struct MeasuredProcessError: Error, CustomStringConvertible {
    var problem: String
    var description: String { problem }
}
