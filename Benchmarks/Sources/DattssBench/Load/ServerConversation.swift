import DattssServer
import FoundationEssentials

/// Asks the server one thing after the other, over one connection; blocks the thread.
final class ServerConversation {
    private let address: HostPort
    private var socket: LoadSocket?
    private var received: [UInt8] = []

    init(_ address: HostPort) { self.address = address }

    deinit { socket?.close() }

    func get(_ path: String, key: String? = nil) throws(LoadError) -> (status: Int, body: [UInt8]) {
        // A connection that was idle for long may have been closed.
        if let answer = try? exchange(path, key) { return answer }
        socket?.close()
        socket = nil
        return try exchange(path, key)
    }

    private func exchange(_ path: String, _ key: String?) throws(LoadError) -> (status: Int, body: [UInt8]) {
        let socket = if let open = self.socket { open } else { try LoadSocket(address, .stream) }
        self.socket = socket
        let authorization = key.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        let request = "GET \(path) HTTP/1.1\r\nHost: \(address)\r\n\(authorization)\r\n"
        guard socket.send(Array(request.utf8)) else { throw LoadError(description: "cannot send to \(address)") }
        received.removeAll(keepingCapacity: true)
        var chunk = [UInt8](repeating: 0, count: 262_144)
        while true {
            let count = try chunk.withUnsafeMutableBufferPointer { bytes throws(LoadError) in try socket.receive(bytes) }
            guard let count, count > 0 else { throw LoadError(description: "\(address) closed the connection") }
            received += chunk[..<count]
            let answer = try received.withUnsafeBufferPointer { bytes throws(LoadError) in try HTTPAnswer(bytes) }
            guard let answer else { continue }
            if answer.isLast {
                socket.close()
                self.socket = nil
            }
            return (answer.status, Array(received[answer.body]))
        }
    }

    /// What the server says about itself now.
    func books() throws(LoadError) -> ServerBooks {
        let (status, body) = try get("/metrics")
        guard status == 200 else { throw LoadError(description: "\(address)/metrics answers \(status)") }
        return ServerBooks(String(decoding: body, as: UTF8.self))
    }

    func decoded<Value: Decodable>(_ type: Value.Type, _ path: String, key: String) throws -> Value {
        let (status, body) = try get(path, key: key)
        guard status == 200 else {
            throw LoadError(description: "\(path) answers \(status): \(String(decoding: body.prefix(300), as: UTF8.self))")
        }
        return try JSONDecoder().decode(type, from: Data(body))
    }
}
