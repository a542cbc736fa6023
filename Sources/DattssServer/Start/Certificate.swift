import NIOSSL

extension WebSettings.CertificateFiles {
    /// What connections are encrypted with.
    /// - Throws: ``ServerStartError`` when a file cannot be read, or the two do not belong together.
    func tlsContext() throws -> NIOSSLContext {
        for path in [certificate, key] {
            guard let problem = PrivateFile.problem(reading: path) else { continue }
            throw ServerStartError(.unreadable, "\(path) cannot be read: \(problem)")
        }
        do { return try uncheckedContext() } catch {
            throw ServerStartError(
                .badCertificate, "\(certificate) and \(key) are no certificate with its key: \(error)",
                "both are PEM files, that of the certificate with those that vouch for it")
        }
    }

    private func uncheckedContext() throws -> NIOSSLContext {
        let certificates = try NIOSSLCertificate.fromPEMFile(certificate)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: certificates.map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        return try NIOSSLContext(configuration: configuration)
    }
}
