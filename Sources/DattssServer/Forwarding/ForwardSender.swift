import DattssCore
import Dispatch
import Foundation
import LibC
import Synchronization

/// Hands batches to a target, one at a time. It blocks nobody: it has threads of its own, and a target that hangs, answers slowly or
/// takes in byte by byte ends with a time limit.
protocol ForwardSender: Sendable {
    /// - Throws: ``ForwardProblem``.
    func send(_ batch: ForwardBatch) async throws(ForwardProblem)
    /// Whether the target has certainly been started anew since the last call.
    var wasRestarted: Bool { get }
}

/// Why a batch was not taken.
struct ForwardProblem: Error, Hashable, CustomStringConvertible {
    enum Kind: Sendable, Hashable {
        /// There was no answer, or none that says it was taken: what was sent may be there, or not.
        case away
        /// It was answered that it may come later.
        case later
        /// It would never be taken.
        case refused
    }

    var kind: Kind
    var description: String
}

/// Requests to Prometheus and VictoriaMetrics.
struct ForwardRequests: ForwardSender {
    let target: ForwardTarget
    /// For everything together: the connection, the request and the answer.
    var timeoutSeconds = 30

    var wasRestarted: Bool { false }

    func send(_ batch: ForwardBatch) async throws(ForwardProblem) {
        guard let url = target.url else { throw ForwardProblem(kind: .refused, description: "the target takes no requests") }
        var request = OutgoingRequest(url: url, authorityFile: target.authorityFile)
        if let credentials = target.credentials { request.headers.append(try Self.header(credentials)) }
        switch target.speech {
        case .prometheus:
            request.headers += [
                .init(name: "Content-Type", value: "application/x-protobuf"), .init(name: "Content-Encoding", value: "snappy"),
                .init(name: "X-Prometheus-Remote-Write-Version", value: "0.1.0"),
            ]
            request.body = Snappy.compressed(batch.bytes)
        case .victoriametrics, .graphite:
            request.headers.append(.init(name: "Content-Type", value: "application/json"))
            request.body = batch.bytes
        }
        let answer: OutgoingRequest.Answer
        do { answer = try await request.send(.everywhere, timeoutSeconds: timeoutSeconds) } catch {
            throw ForwardProblem(kind: .away, description: "\(error)")
        }
        if 200..<300 ~= answer.status { return }
        let text = "it answered \(answer.status): \(answer.text.prefix(200).split(separator: "\n").first ?? "")"
        // As vmagent has it, these say that the request is wrong; whatever else there is may be mended without it: a wrong password,
        // an address that is not there yet, too many requests.
        let isFinal = [400, 409, 413, 415, 422].contains(answer.status)
        throw ForwardProblem(kind: isFinal ? .refused : .later, description: text)
    }

    private static func header(_ credentials: ForwardTarget.Credentials) throws(ForwardProblem) -> OutgoingRequest.Header {
        let text: String
        do { text = try String(contentsOfFile: credentials.file, encoding: .utf8) } catch {
            throw ForwardProblem(kind: .later, description: "\(credentials.file) cannot be read")
        }
        let secret = text.prefix { $0 != "\n" && $0 != "\r" && $0 != "\r\n" }
        guard !secret.isEmpty, secret.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw ForwardProblem(kind: .later, description: "\(credentials.file) has no credentials in its first line")
        }
        let value = credentials.isBearer ? "Bearer \(secret)" : "Basic \(Data(secret.utf8).base64EncodedString())"
        return .init(name: "Authorization", value: value)
    }
}

/// Connections to carbon and what speaks like it.
///
/// The plaintext protocol has no answers. So each batch has a connection of its own, of which our half is ended behind it: when the other half ends,
/// too, the target has read all of it. (A process that is killed before it has ends the connection with a reset.) What it has read it may
/// have in memory only; that it was started anew shows in another connection, over which nothing is sent: then the last
/// minutes are sent again.
final class ForwardConnections: ForwardSender {
    private let host: String
    private let port: Int
    private let timeoutMilliseconds: Int64
    private let threads = DispatchQueue(label: "forwarding", attributes: .concurrent)
    private let watched: Watched

    /// The connection that only shows whether the target goes on living.
    private final class Watched: Sendable {
        private let descriptor = Mutex<Int32>(-1)

        deinit { descriptor.withLock { if $0 >= 0 { close($0) } } }

        func watch(_ make: () -> Int32) { descriptor.withLock { if $0 < 0 { $0 = make() } } }

        /// Whether the connection has ended; then there is none any more.
        func takeEnd() -> Bool {
            descriptor.withLock { descriptor in
                if descriptor < 0 { return false }
                var byte: UInt8 = 0
                let count = recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT))
                let isOpen = count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR))
                if isOpen { return false }
                close(descriptor)
                descriptor = -1
                return true
            }
        }
    }

    init(_ target: ForwardTarget, timeoutSeconds: Int64 = 30) {
        (host, port, timeoutMilliseconds) = (target.host, target.port, timeoutSeconds * 1000)
        watched = Watched()
    }

    var wasRestarted: Bool { watched.takeEnd() }

    func send(_ batch: ForwardBatch) async throws(ForwardProblem) {
        let result: Result<Void, ForwardProblem> = await withCheckedContinuation { continuation in
            threads.async { [self] in
                continuation.resume(returning: Result { () throws(ForwardProblem) in try deliver(batch.bytes) })
            }
        }
        try result.get()
    }

    private func deliver(_ bytes: [UInt8]) throws(ForwardProblem) {
        let deadline = SystemClock().uptimeMilliseconds() + timeoutMilliseconds
        // The connection that is watched is the older one: whoever ends between the two is noticed.
        var problem: ForwardProblem?
        watched.watch {
            do throws(ForwardProblem) { return try connect(deadline) } catch {
                problem = error
                return -1
            }
        }
        if let problem { throw problem }
        let descriptor = try connect(deadline)
        defer { close(descriptor) }
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                LibC.send(descriptor, buffer.baseAddress.map { $0 + sent }, buffer.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                sent += count
            } else if errno == EAGAIN {
                try wait(for: POLLOUT, descriptor, deadline)
            } else if errno != EINTR {
                throw Self.problem("the connection ended while it was written to", errno)
            }
        }
        shutdown(descriptor, Int32(SHUT_WR))
        var answer = [UInt8](repeating: 0, count: 512)
        while true {
            let count = recv(descriptor, &answer, answer.count, 0)
            if count == 0 { return }
            if count < 0, errno == EAGAIN {
                try wait(for: POLLIN, descriptor, deadline)
            } else if count < 0, errno != EINTR {
                throw Self.problem("the connection ended before all was read", errno)
            } else if SystemClock().uptimeMilliseconds() >= deadline {
                throw Self.late
            }
        }
    }

    private func connect(_ deadline: Int64) throws(ForwardProblem) -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, "\(port)", &hints, &found)
        guard code == 0 else { throw ForwardProblem(kind: .away, description: "\(host): \(String(cString: gai_strerror(code)))") }
        defer { freeaddrinfo(found) }
        var problem = ForwardProblem(kind: .away, description: "\(host) has no address")
        var next = found
        while let address = next?.pointee {
            do throws(ForwardProblem) { return try connect(address, deadline) } catch { problem = error }
            next = address.ai_next
        }
        throw problem
    }

    private func connect(_ address: addrinfo, _ deadline: Int64) throws(ForwardProblem) -> Int32 {
        let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(address.ai_family, flags, address.ai_protocol)
        guard descriptor >= 0 else { throw Self.problem("there is no socket", errno) }
        do throws(ForwardProblem) {
            if LibC.connect(descriptor, address.ai_addr, address.ai_addrlen) != 0 {
                guard errno == EINPROGRESS else { throw Self.problem("it cannot be connected to", errno) }
                try wait(for: POLLOUT, descriptor, deadline)
                var code: Int32 = 0
                var size = socklen_t(MemoryLayout<Int32>.size)
                getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
                guard code == 0 else { throw Self.problem("it cannot be connected to", code) }
            }
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    private func wait(for event: Int32, _ descriptor: Int32, _ deadline: Int64) throws(ForwardProblem) {
        while true {
            let left = deadline - SystemClock().uptimeMilliseconds()
            guard left > 0 else { throw Self.late }
            var question = pollfd(fd: descriptor, events: Int16(event), revents: 0)
            if poll(&question, 1, Int32(min(left, 1000))) > 0 { return }
        }
    }

    private static let late = ForwardProblem(kind: .away, description: "it took too long")

    private static func problem(_ text: String, _ code: Int32) -> ForwardProblem {
        ForwardProblem(kind: .away, description: "\(text): \(String(cString: strerror(code)))")
    }
}
