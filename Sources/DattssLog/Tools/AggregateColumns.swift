package import DattssCore

/// Minute aggregates as a table (CSV, RFC 4180), for export and import. The first line names the columns:
///
///     minute_epoch,type,path,sum,cnt,max,min,top,bot,fst,lst[,sketch][,pct,emp,apx]
///     1795330020,ms,query.time,1530,10,310,95,301,97,120,99,z 0 p 210 1 225 9,0.1,0,0
///
/// - `minute_epoch`: the first second of the minute, since 1970-01-01T00:00Z. `type`: `c`, `ms` or `g`.
/// - Numbers are the shortest decimals that read back as the same double, so that nothing is lost.
/// - `sketch`: empty for none, else the wire's `skt` without its punctuation: `z` and how many zeros, `p` and the positive
///   store as index, count, index, count …, `n` and the negative one, `cp` and `cn` and how much of a full store's lowest bucket
///   was folded into it. What is 0 or empty is left out, but for the `z`.
/// - `pct`, `emp`, `apx`: which quantiles `bot` and `top` are, whether the aggregate is emphasised, whether its quantiles are
///   estimates. These three are there when there is a row that is not `0.1,0,0`.
public struct AggregateColumns: Sendable, Hashable {
    /// Whether there is a column for the sketch.
    public var hasSketch: Bool
    /// Whether there are columns for the flags `pct`, `emp` and `apx`.
    public var hasExtras: Bool

    /// The columns of a table with or without these.
    public init(hasSketch: Bool, hasExtras: Bool) {
        self.hasSketch = hasSketch
        self.hasExtras = hasExtras
    }

    static let names = [
        "minute_epoch", "type", "path", "sum", "cnt", "max", "min", "top", "bot", "fst", "lst", "sketch", "pct", "emp", "apx",
    ]
    /// Those that every table has.
    static let requiredCount = 11

    /// The first line, without its end.
    package var header: String {
        let names = Self.names
        return (names[..<Self.requiredCount] + (hasSketch ? ["sketch"] : []) + (hasExtras ? names.suffix(3) : []))
            .joined(separator: ",")
    }
}

extension Aggregate {
    /// Whether a table needs `pct`, `emp` and `apx` to tell all of this one.
    package var needsExtraColumns: Bool {
        fraction.bitPattern != Self.defaultFraction.bitPattern || isEmphasised || isApproximate
    }
}

/// A line of the table.
package struct AggregateLine: Sendable, Hashable {
    package var minute: Minute
    package var key: StatisticKey
    package var aggregate: Aggregate

    package init(minute: Minute, key: StatisticKey, aggregate: Aggregate) {
        self.minute = minute
        self.key = key
        self.aggregate = aggregate
    }
}
