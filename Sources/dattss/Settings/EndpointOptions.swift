import ArgumentParser

/// The options of the commands that send: which server, and with which key.
struct EndpointOptions: ParsableArguments {
    @Option(help: "The server's address.")
    var url: String?

    @Option(help: "The user's key.")
    var auth: String?

    @Option(name: .customLong("data-dir"), help: "The data folder of a server on this machine, to find address and key in.")
    var dataDirectory: String?

    /// - Parameter isPatient: whether the folder's server may as well come later.
    func endpoint(isPatient: Bool = false) throws -> Endpoint {
        try Endpoint.resolve(url: url, auth: auth, dataDir: dataDirectory, isPatient: isPatient)
    }
}
