import DattssCore
import Foundation
import HTTPTypes
import Hummingbird

/// What a request asks by its address, and by a posted form.
struct FormParameters {
    private var values: [(name: String, value: String)] = []

    static let bodyBytesMax = 65_536

    init(_ request: Request) async throws {
        if let query = request.uri.query { try add(query) }
        guard request.method == .post else { return }
        let body = try await request.body.collected(request.headers, upTo: Self.bodyBytesMax)
        try add(String(decoding: body, as: UTF8.self))
    }

    private mutating func add(_ form: String) throws(ErrorAnswer) {
        for pair in form.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
                $0.replacing("+", with: " ").removingPercentEncoding
            }
            guard let name = parts[0], let value = parts.count > 1 ? parts[1] : "" else {
                throw ErrorAnswer(.badRequest, .badValue, "a parameter has a bad percent escape")
            }
            values.append((name, value))
        }
    }

    subscript(name: String) -> String? { values.first { $0.name == name }?.value }

    func all(_ name: String) -> [String] { values.filter { $0.name == name }.map(\.value) }

    func required(_ name: String) throws(ErrorAnswer) -> String {
        guard let value = self[name], !value.isEmpty else { throw ErrorAnswer(.badRequest, .badValue, "\(name): is missing") }
        return value
    }

    func time(_ name: String) throws(ErrorAnswer) -> Timestamp? {
        guard let text = self[name], !text.isEmpty else { return nil }
        return try TimeParameter.parse(text, name)
    }
}
