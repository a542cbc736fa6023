import CPlatform
import LibC
import NIOCore

/// A bound UDP or Unix datagram socket that receives many datagrams a system call.
///
/// Not through an event loop: NIO's vector reads make a buffer, an address and an envelope of each datagram, which costs
/// several times what the kernel takes to hand it over.
struct DatagramSocket: ~Copyable, Sendable {
    let localAddress: SocketAddress
    /// How many bytes of datagrams, with what the kernel adds to each, wait for a reader at most.
    let receiveBufferBytes: Int
    let descriptor: Int32
    // Only the owner of this value reaches what it points to, and there is one: it cannot be copied.
    nonisolated(unsafe) private let batch: OpaquePointer

    /// How many datagrams a call takes.
    static let batchCapacity = 64
    /// How long ``receive(waiting:_:)`` waits for a datagram.
    static let waitMilliseconds = 100

    enum Received {
        case datagrams(Int)
        case nothing
        case failed(IOError)
    }

    /// - Parameter receiveBufferBytes: what is asked of the kernel; it may give less.
    /// - Parameter mode: who may write to the file of a Unix socket.
    /// - Parameter sharesPort: whether other sockets of this user may have the same port, if they say so too: then the kernel gives
    ///   each sender to one of them (`SO_REUSEPORT`).
    init(
        bindingTo address: SocketAddress, receiveBufferBytes: Int, mode: mode_t = UnixSocketFile.standardMode,
        sharesPort: Bool = false
    ) throws {
        try UnixSocketFile.removeStale(address)
        let descriptor = try Self.open(address)
        let (size, local): (Int, SocketAddress)
        do {
            if sharesPort { try Self.set(descriptor, SO_REUSEPORT, Int32(1)) }
            try Self.set(descriptor, SO_RCVBUF, Int32(clamping: receiveBufferBytes))
            try Self.set(descriptor, SO_RCVTIMEO, timeval(tv_sec: 0, tv_usec: .init(Self.waitMilliseconds * 1000)))
            (size, local) = (try Self.receiveBufferBytes(of: descriptor), try Self.bind(descriptor, to: address))
            try UnixSocketFile.setMode(mode, of: address)
        } catch {
            close(descriptor)
            throw error
        }
        guard let batch = datagram_batch_create(UInt32(Self.batchCapacity)) else {
            close(descriptor)
            throw IOError(errnoCode: ENOMEM, reason: "room for datagrams")
        }
        self.descriptor = descriptor
        self.batch = batch
        self.receiveBufferBytes = size
        localAddress = local
    }

    deinit {
        close(descriptor)
        datagram_batch_destroy(batch)
    }

    /// Waits until a datagram has arrived, or as long as told.
    func wait(milliseconds: Int32) {
        var socket = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        // What it says is what a receive says as well.
        _ = poll(&socket, 1, milliseconds)
    }

    /// Calls `body` with each datagram that has arrived.
    /// - Parameters:
    ///   - waiting: whether to wait for the first one.
    ///   - body: also gets whether the end of the datagram was cut off, for which there was no room.
    func receive(waiting: Bool, _ body: (UnsafeRawBufferPointer, _ isCut: Bool) -> Void) -> Received {
        let count = datagram_batch_receive(batch, descriptor, waiting ? 0 : 1)
        if count < 0 {
            return count == -EAGAIN || count == -EINTR
                ? .nothing : .failed(IOError(errnoCode: -count, reason: "recvmmsg"))
        }
        for position in 0..<count {
            body(
                UnsafeRawBufferPointer(
                    start: datagram_batch_bytes(batch, position), count: datagram_batch_length(batch, position)),
                datagram_batch_is_cut(batch, position) != 0)
        }
        return .datagrams(Int(count))
    }

    private static func open(_ address: SocketAddress) throws -> Int32 {
        #if os(Linux)
            let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        #else
            let type = SOCK_DGRAM
        #endif
        let descriptor = socket(Int32(address.protocol.rawValue), type, 0)
        guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: "socket") }
        return descriptor
    }

    private static func set<Value>(_ descriptor: Int32, _ option: Int32, _ value: Value) throws {
        let result = withUnsafeBytes(of: value) {
            setsockopt(descriptor, SOL_SOCKET, option, $0.baseAddress, socklen_t($0.count))
        }
        if result != 0 { throw IOError(errnoCode: errno, reason: "setsockopt") }
    }

    private static func receiveBufferBytes(of descriptor: Int32) throws -> Int {
        var bytes: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, &length) == 0 else {
            throw IOError(errnoCode: errno, reason: "getsockopt")
        }
        return Int(bytes)
    }

    /// - Returns: the address that it got, with the port that the system chose where it was left to it.
    private static func bind(_ descriptor: Int32, to address: SocketAddress) throws -> SocketAddress {
        let result = address.withSockAddr { pointer, length in
            #if canImport(Darwin)
                Darwin.bind(descriptor, pointer, socklen_t(length))
            #elseif canImport(Glibc)
                Glibc.bind(descriptor, pointer, socklen_t(length))
            #else
                Musl.bind(descriptor, pointer, socklen_t(length))
            #endif
        }
        guard result == 0 else { throw IOError(errnoCode: errno, reason: "bind \(address)") }
        if case .unixDomainSocket = address { return address }
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let port = try withUnsafeMutableBytes(of: &storage) { storage in
            guard let base = storage.baseAddress, getsockname(descriptor, base.assumingMemoryBound(to: sockaddr.self), &length) == 0
            else { throw IOError(errnoCode: errno, reason: "getsockname") }
            // The port is in the same place in both families.
            return SocketAddress(base.load(as: sockaddr_in.self)).port
        }
        var bound = address
        bound.port = port
        return bound
    }
}
