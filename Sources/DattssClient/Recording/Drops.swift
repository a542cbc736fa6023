/// Why a sample never reaches the server.
public enum DropReason: String, Sendable, Hashable, CaseIterable {
    /// Its path is not `[A-Za-z0-9_.:!-]{1,255}`.
    case badPath = "bad_path"
    /// Its value is not a finite number, or its text is not a number with `c`, `ms` or `g` behind it.
    case badSample = "bad_sample"
    /// There are more statistics in the program than are remembered at once.
    case tooManyStatistics = "too_many_statistics"
    /// It was in the oldest batch, which made room for newer ones while the server was away.
    case bufferFull = "buffer_full"
    /// The server refused the batch for what is in it.
    case refused
    /// It was not acknowledged when the client stopped.
    case stopped
}

/// How many samples a client has dropped, by reason.
public struct Drops: Sendable, Hashable {
    private var counts: [DropReason: Int64] = [:]
    /// Those that no acknowledged or waiting batch tells the server of.
    private var unreported: Int64 = 0

    /// How many samples were dropped for a reason.
    public subscript(reason: DropReason) -> Int64 { counts[reason] ?? 0 }

    /// How many samples were dropped, whatever the reason.
    public var total: Int64 { counts.values.reduce(0, +) }

    /// - Parameter alreadyReported: how many earlier drops the lost batch was to report; they are reported again.
    mutating func note(_ samples: Int64, _ reason: DropReason, alreadyReported: Int64 = 0) {
        counts[reason, default: 0] += samples
        unreported += samples + alreadyReported
    }

    mutating func takeUnreported() -> Int64 {
        defer { unreported = 0 }
        return unreported
    }
}
