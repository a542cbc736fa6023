import LibC
import NIOCore

/// The file of a Unix socket, which outlives the socket: a server that was killed leaves it behind, and it keeps the next one
/// from binding to its name.
enum UnixSocketFile {
    /// Removes what an earlier server left behind; nothing that is not a socket.
    static func removeStale(_ address: SocketAddress) throws {
        guard case .unixDomainSocket = address, let path = address.pathname else { return }
        guard let type = fileType(at: path) else { return }
        guard type == S_IFSOCK else {
            throw IOError(errnoCode: EEXIST, reason: "bind \(path), which is no socket")
        }
        guard !isListenedTo(address) else { throw IOError(errnoCode: EADDRINUSE, reason: "bind \(path)") }
        guard unlink(path) == 0 else { throw IOError(errnoCode: errno, reason: "unlink \(path)") }
    }

    /// Whether a program that is alive has the socket: its place is not to be taken.
    private static func isListenedTo(_ address: SocketAddress) -> Bool {
        let probe = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard probe >= 0 else { return false }
        defer { close(probe) }
        let isReached = address.withSockAddr { connect(probe, $0, socklen_t($1)) == 0 }
        // EPROTOTYPE is a stream socket that is listened to.
        return isReached || errno == EPROTOTYPE
    }

    /// Everybody on the machine may send, as with other agents: programs run as users of their own.
    static let standardMode: mode_t = 0o666

    /// Sets who may write to the socket. `bind` makes the file with what the umask leaves, mostly for its owner alone to write.
    static func setMode(_ mode: mode_t, of address: SocketAddress) throws {
        guard case .unixDomainSocket = address, let path = address.pathname else { return }
        guard chmod(path, mode) == 0 else { throw IOError(errnoCode: errno, reason: "chmod \(path)") }
    }

    static func remove(_ address: SocketAddress) {
        guard case .unixDomainSocket = address, let path = address.pathname else { return }
        // One that is gone already is as good.
        _ = unlink(path)
    }
}
