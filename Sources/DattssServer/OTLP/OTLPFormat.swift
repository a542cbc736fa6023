import DattssCore

/// What of an export was not taken in.
struct OTLPRejection: Sendable {
    let points: Int
    /// Why the first of them was not.
    let message: String

    /// - Parameter unfitting: how many partials the user's limit of statistics left out.
    /// - Returns: nil when everything was taken in.
    init?(_ plan: OTLPPlan, unfitting: Int, _ limits: Limits) {
        points = plan.rejectedPoints + unfitting
        if points == 0 { return nil }
        message = plan.problem ?? "more than \(limits.liveStatisticsPerUser) live statistics"
    }

    /// `ExportMetricsServiceResponse`
    var protobuf: [UInt8] {
        var (partialSuccess, answer) = (ProtobufWriter(), ProtobufWriter())
        partialSuccess.number(1, UInt64(points))
        partialSuccess.bytes(2, Array(message.utf8))
        answer.bytes(1, partialSuccess.bytes)
        return answer.bytes
    }
}

enum OTLPFormat: Sendable {
    case protobuf
    case json

    init?(_ contentType: String?) {
        switch contentType?.split(separator: ";").first?.lowercased() {
        case "application/x-protobuf": self = .protobuf
        case "application/json": self = .json
        default: return nil
        }
    }

    /// - Parameter sizeMax: how many there may be of everything that an export has many of: see ``OTLPSize``.
    func decode(_ body: [UInt8], sizeMax: Int) throws(WireError) -> OTLPMetrics {
        try body.withUnsafeBufferPointer { body throws(WireError) in
            try decode(UnsafeRawBufferPointer(body), sizeMax: sizeMax)
        }
    }

    func decode(_ body: UnsafeRawBufferPointer, sizeMax: Int) throws(WireError) -> OTLPMetrics {
        do throws(WireError) {
            return switch self {
            case .protobuf: try OTLPProtobuf.decode(body, sizeMax: sizeMax)
            case .json: try OTLPJSON.decode(body, sizeMax: sizeMax)
            }
        } catch {
            guard error.reason == .malformed else { throw error }
            throw WireError(.malformed, "the body is no ExportMetricsServiceRequest: \(error.message)")
        }
    }

    /// A `google.rpc.Status` that says what an error answer says.
    static func status(_ error: WireError) -> [UInt8] {
        var status = ProtobufWriter()
        // INVALID_ARGUMENT, or UNAUTHENTICATED.
        status.number(1, error.reason == .unauthorized ? 16 : 3)
        status.bytes(2, Array(error.message.utf8))
        return status.bytes
    }

    static let protobufType = "application/x-protobuf"
}
