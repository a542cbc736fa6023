import Testing

@testable import DattssCore

/// What the decoder makes of a body with the ``JSONWordReader``, and what without: has to be the same batch, or the same error.
struct BothWays {
    let words: Result<Batch, WireError>
    let general: Result<Batch, WireError>

    /// - Parameter paths: kept from body to body.
    init(_ body: [UInt8], _ paths: inout NameCache) {
        words = Self.decode(body, readsAhead: true, &paths)
        var none = NameCache.none
        general = Self.decode(body, readsAhead: false, &none)
    }

    var agree: Bool {
        switch (words, general) {
        case (.success(let a), .success(let b)):
            a == b
                // Also of zeros, which are equal whatever their sign.
                && zip(a.partials, b.partials).allSatisfy { Self.bits($0.aggregate) == Self.bits($1.aggregate) }
        case (.failure(let a), .failure(let b)): a == b
        default: false
        }
    }

    var isDecoded: Bool { if case .success = words { true } else { false } }

    private static func bits(_ aggregate: Aggregate) -> [UInt64] {
        [
            aggregate.sum, aggregate.max, aggregate.min, aggregate.first, aggregate.last, aggregate.bottom, aggregate.top,
            aggregate.fraction,
        ].map(\.bitPattern)
    }

    private static func decode(_ body: [UInt8], readsAhead: Bool, _ paths: inout NameCache) -> Result<Batch, WireError> {
        body.withUnsafeBytes { bytes in
            do throws(WireError) {
                return .success(try BatchDecoder.decode(bytes, limits: Limits(), paths: &paths, readsAhead: readsAhead))
            } catch {
                return .failure(error)
            }
        }
    }
}

/// Expects that both ways agree.
func expectAgreement(
    on body: [UInt8], _ paths: inout NameCache, _ comment: @autoclosure () -> String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let both = BothWays(body, &paths)
    if both.agree { return }
    Issue.record(
        "\(comment()) \(String(decoding: body, as: UTF8.self)): \(both.words), without reading by the word \(both.general)",
        sourceLocation: sourceLocation)
}
