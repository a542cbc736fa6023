import DattssPipeline

/// The accepted log, where it is a replicated stream.
extension Metrics {
    func stream(_ stream: StreamSnapshot?, _ text: inout PrometheusText) {
        guard let stream else { return }
        text.metric(
            "dattss_stream_owned", .gauge, "1 while this server owns the replicated accepted log.", stream.isOwned ? 1 : 0)
        text.metric(
            "dattss_stream_answering", .gauge, "0 while the replicated accepted log leaves an answer missing.",
            stream.isAnswering ? 1 : 0)
        text.metric(
            "dattss_stream_uncertain_appends_total", .counter, "Times that an answer was missing.", stream.uncertainAppends)
        text.metric("dattss_stream_messages_total", .counter, "Messages of batches that were written.", stream.messages)
        text.metric("dattss_stream_epoch", .gauge, "The position of the claim by which it is owned.", Int(clamping: stream.epoch))
        text.metric("dattss_stream_last", .gauge, "The last position that was written.", Int(clamping: stream.last))
        text.metric(
            "dattss_stream_retired_below", .gauge, "What lies before this position may be let go.", Int(clamping: stream.kept))
    }
}
