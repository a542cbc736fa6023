import Testing

@testable import DattssCore

/// What the decoder makes of a body with the ``JSONLane``, and what without: has to be the same batch, or the same error.
struct BothWays {
    let lane: Result<Batch, WireError>
    let general: Result<Batch, WireError>

    /// - Parameter paths: kept from body to body.
    init(_ body: [UInt8], _ paths: inout NameCache) {
        lane = Self.decode(body, hasLane: true, &paths)
        var none = NameCache.none
        general = Self.decode(body, hasLane: false, &none)
    }

    var agree: Bool {
        switch (lane, general) {
        case (.success(let a), .success(let b)):
            a == b
                // Also of zeros, which are equal whatever their sign.
                && zip(a.partials, b.partials).allSatisfy { Self.bits($0.aggregate) == Self.bits($1.aggregate) }
        case (.failure(let a), .failure(let b)): a == b
        default: false
        }
    }

    var isDecoded: Bool { if case .success = lane { true } else { false } }

    private static func bits(_ aggregate: Aggregate) -> [UInt64] {
        [
            aggregate.sum, aggregate.max, aggregate.min, aggregate.first, aggregate.last, aggregate.bottom, aggregate.top,
            aggregate.fraction,
        ].map(\.bitPattern)
    }

    private static func decode(_ body: [UInt8], hasLane: Bool, _ paths: inout NameCache) -> Result<Batch, WireError> {
        body.withUnsafeBytes { bytes in
            do throws(WireError) {
                return .success(try BatchDecoder.decode(bytes, limits: Limits(), paths: &paths, hasLane: hasLane))
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
        "\(comment()) \(String(decoding: body, as: UTF8.self)): \(both.lane), without the lane \(both.general)",
        sourceLocation: sourceLocation)
}
