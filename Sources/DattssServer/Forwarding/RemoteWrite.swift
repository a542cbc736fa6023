import DattssCore
import DattssQuery

/// The few messages of Prometheus' remote write 1.0 (https://prometheus.io/docs/specs/prw/remote_write_spec, `prompb/remote.proto` and
/// `prompb/types.proto`), written by hand:
///
///     WriteRequest { repeated TimeSeries timeseries = 1; }
///     TimeSeries   { repeated Label labels = 1; repeated Sample samples = 2; }
///     Label        { string name = 1; string value = 2; }
///     Sample       { double value = 1; int64 timestamp = 2; }
///
/// A request is nothing but series one after the other, so it is put together and cut in two without looking into them.
enum RemoteWrite {
    /// A series with one sample, as a field of a `WriteRequest`.
    /// - Parameter labels: sorted by their names.
    static func series(_ labels: [Label], _ value: Double, at time: Timestamp) -> [UInt8] {
        var (request, series, sample) = (ProtobufWriter(), ProtobufWriter(), ProtobufWriter())
        for label in labels {
            var pair = ProtobufWriter()
            pair.text(1, label.name)
            pair.text(2, label.value)
            series.bytes(1, pair.bytes)
        }
        sample.double(1, value)
        sample.number(2, UInt64(bitPattern: time.milliseconds))
        series.bytes(2, sample.bytes)
        request.bytes(1, series.bytes)
        return request.bytes
    }
}
