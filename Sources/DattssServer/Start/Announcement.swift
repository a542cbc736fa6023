import DattssCore
import Logging
import NIOCore

/// Says where a server is, once all of its ports are open.
struct Announcement: Sendable {
    private let parts: ServerParts
    private let udp: UDPPort
    private let further: FurtherListeners
    private let onListening: @Sendable (Server.Listening) -> Void

    init(
        _ parts: ServerParts, udp: UDPPort, further: FurtherListeners,
        _ onListening: @escaping @Sendable (Server.Listening) -> Void
    ) {
        (self.parts, self.udp, self.further, self.onListening) = (parts, udp, further, onListening)
    }

    /// Called when the port of HTTP is open. When another one could not be opened nothing is said: then the server ends, and is
    /// not ready.
    func make(of port: any Channel) async {
        let (configuration, web) = (parts.configuration, parts.web)
        let http = HostPort(host: configuration.http.host, port: port.localAddress?.port ?? configuration.http.port)
        guard let udp = await udp.listening() else { return }
        let ports: FurtherListeners.Ports
        do { ports = try await further.listening() } catch { return }
        web.address.url = Server.url(http, isSecure: configuration.web.certificate != nil)
        web.address.udpPort = udp.port
        var listening = Server.Listening(http: http, udp: udp, statsdTCP: ports.statsdTCP)
        (listening.graphiteTCP, listening.graphiteUDP) = (ports.graphiteTCP, ports.graphiteUDP)
        listening.demo = web.settings.hasDemo ? web.link("/demo") : nil
        listening.signInLink = await signInLink()
        onListening(listening)
    }

    private func signInLink() async -> String? {
        let (accounts, web, time) = (parts.accounts, parts.web, parts.clock.now())
        do {
            let token = try await accounts.run {
                try Self.signInToken($0, always: web.settings.offersSignIn, at: time)
            }
            return token.map { web.link("/sign-in/\($0)") }
        } catch {
            parts.logger.error("cannot make a link to sign in: \(error)")
            return nil
        }
    }

    /// As long as nobody has ever signed in as `local`, or always.
    private static func signInToken(_ accounts: Accounts, always: Bool, at time: Timestamp) throws -> String? {
        guard accounts.key(of: .local) != nil, try always || !accounts.hasSignedIn(.local) else { return nil }
        return try accounts.signInToken(for: .local, at: time)
    }
}
