import CLoadSockets
import DattssServer
import LibC

/// A connected socket. Closing it is the owner's.
struct LoadSocket: Sendable {
    let descriptor: Int32

    enum Transport {
        case stream
        case datagram
    }

    /// Connects to the first address of a host that lets it.
    init(_ address: HostPort, _ transport: Transport) throws(LoadError) {
        #if canImport(Glibc)
            let type = transport == .stream ? Int32(SOCK_STREAM.rawValue) : Int32(SOCK_DGRAM.rawValue)
        #else
            let type = transport == .stream ? SOCK_STREAM : SOCK_DGRAM
        #endif
        var hints = addrinfo()
        hints.ai_socktype = type
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(address.host, String(address.port), &hints, &found)
        defer { if let found { freeaddrinfo(found) } }
        guard code == 0 else {
            throw LoadError(description: "\(address.host): \(String(cString: gai_strerror(code)))")
        }
        var problem: Int32 = 0
        var next = found
        while let candidate = next {
            let descriptor = socket(candidate.pointee.ai_family, type, 0)
            if descriptor >= 0 {
                if connect(descriptor, candidate.pointee.ai_addr, candidate.pointee.ai_addrlen) == 0 {
                    self.descriptor = descriptor
                    if transport == .stream { setOption(Int32(IPPROTO_TCP), TCP_NODELAY, 1) }
                    return
                }
                problem = errno
                Self.close(descriptor)
            } else {
                problem = errno
            }
            next = candidate.pointee.ai_next
        }
        throw LoadError(
            description: problem == ECONNREFUSED
                ? "no server answers at \(address): nothing listens there"
                : "cannot connect to \(address): \(String(cString: strerror(problem)))")
    }

    func close() { Self.close(descriptor) }

    func setNonBlocking() { _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) }

    func setOption(_ level: Int32, _ name: Int32, _ value: Int32) {
        var value = value
        // What the system refuses costs speed, not correctness.
        _ = setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Sends everything over a blocking socket.
    /// - Returns: false when the other side is gone.
    func send(_ bytes: [UInt8]) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { bytes in
                load_send_pair(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, nil, 0)
            }
            if count <= 0 { return false }
            done += count
        }
        return true
    }

    /// - Returns: 0 when the other side has closed, nil when there is nothing yet.
    func receive(_ buffer: UnsafeMutableBufferPointer<UInt8>) throws(LoadError) -> Int? {
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count >= 0 { return count }
            switch errno {
            case EINTR: continue
            case EAGAIN: return nil
            case ECONNRESET, EPIPE: return 0
            default: throw LoadError(description: "recv: \(String(cString: strerror(errno)))")
            }
        }
    }

    static func close(_ descriptor: Int32) {
        #if canImport(Glibc)
            _ = Glibc.close(descriptor)
        #elseif canImport(Musl)
            _ = Musl.close(descriptor)
        #else
            _ = Darwin.close(descriptor)
        #endif
    }
}
