import Dispatch

/// Runs reads of the log on threads that may block, outside the cooperative pool.
struct ReadPool: Sendable {
    private let queue = DispatchQueue(label: "dattss.read", attributes: .concurrent)

    func run<Value: Sendable>(_ read: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try read() }) }
        }
    }
}
