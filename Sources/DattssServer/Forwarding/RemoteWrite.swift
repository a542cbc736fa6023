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
        var message: [UInt8] = []
        for label in labels {
            let size = textSize(label.name) + textSize(label.value)
            message.append(0x0A)
            Snappy.append(varint: UInt64(size), to: &message)
            append(label.name, as: 0x0A, to: &message)
            append(label.value, as: 0x12, to: &message)
        }
        var sample: [UInt8] = [0x09]
        withUnsafeBytes(of: value.bitPattern.littleEndian) { sample += $0 }
        sample.append(0x10)
        Snappy.append(varint: UInt64(bitPattern: time.milliseconds), to: &sample)
        message.append(0x12)
        Snappy.append(varint: UInt64(sample.count), to: &message)
        message += sample
        var field: [UInt8] = [0x0A]
        Snappy.append(varint: UInt64(message.count), to: &field)
        return field + message
    }

    private static func append(_ text: String, as tag: UInt8, to message: inout [UInt8]) {
        message.append(tag)
        Snappy.append(varint: UInt64(text.utf8.count), to: &message)
        message += text.utf8
    }

    /// The size of a text with its tag and its length; names are short enough for a length of at most two bytes.
    private static func textSize(_ text: String) -> Int {
        let count = text.utf8.count
        return 1 + (count < 0x80 ? 1 : count < 0x4000 ? 2 : 3) + count
    }
}
