import Foundation

/// The file in the data folder in which a running server leaves its address.
public struct AddressFile: Sendable {
    private let path: String

    /// - Parameter directory: the data folder.
    public init(_ directory: String) { path = directory + "/address" }

    /// `http://127.0.0.1:3002`; nil when no server has left an address.
    public func read() -> String? {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        return text.split(separator: "\n").first.map(String.init)
    }

    /// Leaves an address, in place of an earlier one.
    public func write(_ url: String) throws { try (url + "\n").write(toFile: path, atomically: true, encoding: .utf8) }

    /// Takes the address away when the server ends.
    public func remove() {
        // When it is gone already, all is well.
        try? FileManager.default.removeItem(atPath: path)
    }
}
