/// Waits for what threads and sockets of the machine bring.
/// - Returns: whether it came before a limit that only a failing test reaches.
func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
    for _ in 0..<60_000 {
        if try await condition() { return true }
        // Waits: threads and sockets of the machine are asked again.
        try await Task.sleep(for: .milliseconds(1))
    }
    return false
}
