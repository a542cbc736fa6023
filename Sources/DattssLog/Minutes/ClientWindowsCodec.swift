package import DattssCore

/// Sequence windows, row by row:  `n │ client │ highest (zigzag) │ bits (8) …`
package enum ClientWindowsCodec {
    private static let bytesMin = 1 + 1 + 1 + 8

    package static func encode(_ clients: some Collection<ClientWindow>, into writer: inout ByteWriter) {
        writer.appendVarint(clients.count)
        for client in clients {
            writer.appendName(client.client)
            writer.appendZigzag(client.window.highest)
            writer.appendFixed(client.window.bits)
        }
    }

    package static func decode(_ reader: inout ByteReader) throws(LogError) -> [ClientWindow] {
        let count = try reader.count("clients", bytesEach: bytesMin)
        var clients: [ClientWindow] = []
        clients.reserveCapacity(count)
        for _ in 0..<count {
            let client = try reader.name("client", bytesMax: Name.clientBytesMax)
            let highest = try reader.sequence("highest sequence")
            let bits = try reader.fixed(UInt64.self, "bits of a window")
            clients.append(ClientWindow(client: client, window: SequenceWindow(highest: highest, bits: bits)))
        }
        return clients
    }
}
