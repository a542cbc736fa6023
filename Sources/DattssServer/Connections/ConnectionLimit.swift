import DattssCore
import Synchronization

/// How many connections there may be, in all and from one address, so that neither one sender nor all of them can take the
/// descriptors that the log needs.
///
///     guard limit.admit(peer) else { refuse }
///     channel.closeFuture.whenComplete { _ in limit.release(peer) }
final class ConnectionLimit: Sendable {
    let connectionsMax: Int
    let connectionsPerAddressMax: Int
    /// Whose connections stand for many people, and are only counted in all.
    private let proxies: TrustedProxies
    private let state = Mutex(State())

    private struct State {
        var counts = Counts()
        var byAddress: [[UInt8]: Int] = [:]
    }

    struct Counts: Sendable, Hashable {
        /// Those that are open now.
        var open = 0
        /// Refused because there were ``ConnectionLimit/connectionsMax``.
        var refused = 0
        /// Refused because there were ``ConnectionLimit/connectionsPerAddressMax`` from their address.
        var refusedOfAddress = 0
        /// Times that the system had no connection to give, though one was waiting.
        var failedAccepts = 0
    }

    /// - Precondition: both numbers are at least 1.
    init(connectionsMax: Int, connectionsPerAddressMax: Int, proxies: TrustedProxies = TrustedProxies()) {
        self.connectionsMax = connectionsMax
        self.connectionsPerAddressMax = connectionsPerAddressMax
        self.proxies = proxies
    }

    /// As the limits say, but never so many that the log finds no descriptor.
    convenience init(_ limits: Limits, proxies: TrustedProxies) {
        let descriptors = DescriptorLimit.raise()
        let most = DescriptorLimit.connections(of: descriptors, wanted: limits.connections)
        DescriptorLimit.makeRoom(for: most + DescriptorLimit.reserve(of: descriptors))
        self.init(
            connectionsMax: most, connectionsPerAddressMax: min(most, limits.connectionsPerAddress ?? (most + 1) / 2),
            proxies: proxies)
    }

    var counts: Counts { state.withLock { $0.counts } }

    /// - Parameter peer: nil for a connection without an address, as over a Unix socket.
    /// - Returns: whether it may stay. One that may is to be released.
    func admit(_ peer: IPAddress?) -> Bool {
        let address = counted(peer)
        return state.withLock { state in
            guard state.counts.open < connectionsMax else {
                state.counts.refused += 1
                return false
            }
            if let address {
                guard state.byAddress[address, default: 0] < connectionsPerAddressMax else {
                    state.counts.refusedOfAddress += 1
                    return false
                }
                state.byAddress[address, default: 0] += 1
            }
            state.counts.open += 1
            return true
        }
    }

    func release(_ peer: IPAddress?) {
        let address = counted(peer)
        state.withLock { state in
            state.counts.open -= 1
            guard let address, let count = state.byAddress[address] else { return }
            state.byAddress[address] = count > 1 ? count - 1 : nil
        }
    }

    func noteFailedAccept() { state.withLock { $0.counts.failedAccepts += 1 } }

    private func counted(_ peer: IPAddress?) -> [UInt8]? {
        guard let peer, !proxies.contains(peer) else { return nil }
        return peer.network
    }
}
