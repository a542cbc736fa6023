import LibC

/// The secret that all auth keys of a data folder come from: 32 random bytes in hexadecimal, readable by its owner only.
///
/// Whoever loses it loses all keys: it belongs into the backup.
enum SecretFile {
    static func load(_ path: String) throws(AccountError) -> [UInt8] {
        if let secret = try read(path) { return secret }
        try create(path)
        guard let secret = try read(path) else { throw AccountError(.badSecret, "\(path) vanished") }
        return secret
    }

    /// - Returns: nil when there is no such file.
    static func read(_ path: String) throws(AccountError) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw .failed("open", path)
        }
        defer { close(file) }
        var text = [UInt8](repeating: 0, count: 2 * AuthKeys.secretBytes + 2)
        let count = Glibc.read(file, &text, text.count)
        guard count >= 0 else { throw .failed("read", path) }
        let digits = text[..<count].prefix { $0 != UInt8(ascii: "\n") }
        guard digits.count == 2 * AuthKeys.secretBytes,
            let secret = AuthKeys.bytes(ofHexadecimal: String(decoding: digits, as: UTF8.self))
        else {
            throw AccountError(
                .badSecret, "\(path): expected \(2 * AuthKeys.secretBytes) hexadecimal digits, found \(digits.count) bytes")
        }
        return secret
    }

    /// Writes beside and links into place, so that of two processes that start at once one wins and none reads half.
    private static func create(_ path: String) throws(AccountError) {
        var generator = SystemRandomNumberGenerator()
        let secret = (0..<AuthKeys.secretBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let temporary = "\(path).\(getpid())"
        defer { unlink(temporary) }
        try PrivateFile.store(Array((AuthKeys.hexadecimal(secret) + "\n").utf8), at: temporary)
        guard link(temporary, path) == 0 || errno == EEXIST else { throw .failed("create", path) }
    }
}
