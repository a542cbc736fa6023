import DattssCore
import DattssPipeline
import DattssLog
import Synchronization

/// What `/metrics` tells of the server itself.
struct Metrics: Sendable {
    let pipeline: Pipeline
    let datagrams: DatagramCounters
    let deadlines: FastPathChannel.Deadlines
    let connections: ConnectionLimit
    let web: WebServices
    let telemetry: OTLPIntake
    let memory: MemoryBudget
    let decoding: DecodingPool
    let alerts: AlertEvaluator
    let marks: MarkIntake
    let startedAt: Timestamp
    var forwarding: Forwarding? = nil

    func exposition() async -> String {
        let snapshot = await pipeline.snapshot()
        var text = PrometheusText()
        ingest(snapshot.ingest, own: snapshot.own, &text)
        http(connections.counts, &text)
        links(snapshot.links, &text)
        udp(datagrams.snapshot, &text)
        openTelemetry(&text)
        queries(pipeline.queries.counts, &text)
        bodies(decoding.counts, &text)
        held(&text)
        people(&text)
        await alerts(&text)
        forwarding(&text)
        log(snapshot, &text)
        stream(snapshot.stream, &text)
        text.metric("dattss_users", .gauge, "Users that ever sent something.", snapshot.userCount)
        text.metric("dattss_live_statistics", .gauge, "Statistics in memory, of all users.", snapshot.statisticCount)
        text.metric(
            "dattss_forgotten_totals_total", .counter,
            "Totals of silent statistics that were given up, because their user had more of them than are kept.",
            snapshot.forgottenTotals)
        text.metric("dattss_start_time_seconds", .gauge, "When the server started, epoch seconds.", startedAt.seconds)
        process(&text)
        return text.text
    }

    /// Under the names that Prometheus' clients give it
    /// (https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics).
    private func process(_ text: inout PrometheusText) {
        let use = ResourceUse.current()
        text.metric(
            "process_cpu_seconds_total", .counter, "User and system time of the server.", [([], use.processorSeconds)])
        text.metric(
            "process_resident_memory_bytes", .gauge, "Memory of the server that is in use.", [([], use.residentBytes)])
    }

    private func ingest(_ counters: IngestCounters, own: IngestCounters, _ text: inout PrometheusText) {
        text.metric("dattss_batches_accepted_total", .counter, "Batches acknowledged.", counters.acceptedBatches)
        text.metric("dattss_partials_accepted_total", .counter, "Partials in them.", counters.acceptedPartials)
        text.metric("dattss_samples_accepted_total", .counter, "Samples they stand for.", counters.acceptedSamples)
        text.metric(
            "dattss_batches_duplicate_total", .counter, "Batches that were sent again, and not counted again.",
            counters.duplicateBatches)
        text.metric(
            "dattss_batches_refused_total", .counter, "Batches that were not taken in, by reason.",
            WireError.Reason.allCases.map { reason in
                ([("reason", reason.rawValue)], Double(counters.refusedBatches[reason] ?? 0))
            })
        text.metric(
            "dattss_own_batches_accepted_total", .counter, "Batches of the server's own statistics.", own.acceptedBatches)
        text.metric(
            "dattss_own_batches_refused_total", .counter, "Those that were not taken in.",
            own.refusedBatches.values.reduce(0, +))
        text.metric(
            "dattss_request_timeouts_total", .counter, "Requests that took too long to arrive.", deadlines.slowRequests.count)
    }

    private func http(_ counts: ConnectionLimit.Counts, _ text: inout PrometheusText) {
        text.metric("dattss_http_connections", .gauge, "HTTP connections that are open.", counts.open)
        text.metric(
            "dattss_http_connections_refused_total", .counter, "Connections that were closed at once, by the limit they met.",
            [([("limit", "all")], Double(counts.refused)), ([("limit", "address")], Double(counts.refusedOfAddress))])
        text.metric(
            "dattss_http_accept_failures_total", .counter, "Connections that the system could not give.", counts.failedAccepts)
        text.metric(
            "dattss_http_slow_readers_total", .counter, "Connections that were ended because their answers were not read.",
            deadlines.slowReaders.count)
        text.metric(
            "dattss_http_late_refusals_total", .counter, "Wrong keys, and attempts that were too many, that were answered late.",
            web.refusals.lateCount)
    }

    private func links(_ links: [(name: String, ledger: LinkLedger)], _ text: inout PrometheusText) {
        let columns: [(String, PrometheusText.MetricType, String, @Sendable (LinkLedger) -> Int)] = [
            ("offered_total", .counter, "Partials offered to a link: admitted or refused.", { $0.offered }),
            ("admitted_total", .counter, "Partials admitted to a link: processed or queued.", { $0.admitted }),
            ("refused_total", .counter, "Partials that a link refused, because it was full.", { $0.refused }),
            ("processed_total", .counter, "Partials that the stage behind a link is done with.", { $0.processed }),
            ("queued", .gauge, "Partials in a link.", { $0.queued }),
            ("capacity", .gauge, "Partials that fit into a link.", { $0.capacity }),
        ]
        for (name, type, help, value) in columns {
            text.metric(
                "dattss_link_\(name)", type, help,
                links.map { ([("link", $0.name)], Double(value($0.ledger))) })
        }
    }

    private func udp(_ counts: DatagramCounts, _ text: inout PrometheusText) {
        text.metric("dattss_udp_datagrams_total", .counter, "Datagrams received.", counts.datagrams)
        text.metric("dattss_udp_bytes_total", .counter, "Bytes in them.", counts.bytes)
        text.metric("dattss_udp_lines_total", .counter, "Lines in them.", counts.lines)
        text.metric("dattss_udp_samples_total", .counter, "Samples taken in.", counts.samples)
        text.metric(
            "dattss_udp_names_rewritten_total", .counter,
            "Lines whose name, or a tag, was no path, and was made one as statsd does.", counts.rewrittenNames)
        text.metric(
            "dattss_udp_messages_total", .counter, "Events and service checks of DogStatsD.",
            [([("type", "event")], Double(counts.events)), ([("type", "service_check")], Double(counts.serviceChecks))])
        let marks = marks.counts
        text.metric(
            "dattss_udp_marks_total", .counter,
            "Marks that events and service checks became; a check only when its status is another one than before.", marks.kept)
        text.metric(
            "dattss_udp_messages_dropped_total", .counter,
            "Events and service checks that are nobody's, or were more than there is room for.",
            counts.droppedMessages + marks.dropped)
        text.metric(
            "dattss_udp_lines_refused_total", .counter, "Lines that were not taken in, by reason.",
            DatagramError.allCases.map { ([("reason", $0.rawValue)], Double(counts.refusedLines[$0] ?? 0)) })
        text.metric(
            "dattss_udp_partials_refused_total", .counter, "Partials of a second that the pipeline refused, by reason.",
            WireError.Reason.allCases.map { ([("reason", $0.rawValue)], Double(counts.refusedPartials[$0] ?? 0)) })
        text.metric(
            "dattss_udp_partials_waiting", .gauge, "Partials that wait because the log is busy; they go with the next second's.",
            counts.waitingPartials)
        text.metric(
            "dattss_udp_socket_failures_total", .counter, "Times a socket for datagrams failed; it is opened anew.",
            counts.socketFailures)
        text.metric(
            "dattss_stream_connections_refused_total", .counter, "Connections for lines that were one too many.",
            counts.refusedConnections)
        text.metric(
            "dattss_stream_connections_timed_out_total", .counter, "Connections for lines that were silent for too long.",
            counts.timedOutConnections)
        if let drops = KernelDrops.read(port: datagrams.port.load(ordering: .relaxed)) {
            text.metric(
                "dattss_udp_kernel_drops_total", .counter, "Datagrams that the kernel dropped: nobody read them in time.",
                drops)
        }
    }

    private func openTelemetry(_ text: inout PrometheusText) {
        let (counts, size) = (telemetry.counters.snapshot, telemetry.size)
        text.metric(
            "dattss_otlp_points_dropped_total", .counter, "Points of exports that were not counted, by reason.",
            [
                ([("reason", "late")], Double(counts.late)), ([("reason", "repeated")], Double(counts.repeated)),
                ([("reason", "rejected")], Double(counts.rejected)),
            ])
        text.metric(
            "dattss_otlp_names_rewritten_total", .counter, "Points whose name or attributes were no path as they came.",
            counts.rewrittenNames)
        text.metric("dattss_otlp_series", .gauge, "Series whose last export is remembered.", size.series)
        text.metric("dattss_otlp_users", .gauge, "Users who have such series.", size.users)
    }

    private func people(_ text: inout PrometheusText) {
        let (counters, mail) = (web.counters, web.mailer.snapshot)
        let count = { (counter: borrowing Atomic<Int>) in Double(counter.load(ordering: .relaxed)) }
        text.metric("dattss_sign_ins_total", .counter, "Sessions begun.", [([], count(counters.signIns))])
        text.metric(
            "dattss_bad_credentials_total", .counter, "Passwords that were wrong.", [([], count(counters.badCredentials))])
        text.metric(
            "dattss_attempts_limited_total", .counter, "Attempts that were refused because there were too many.",
            [
                ([("by", "address")], count(counters.limitedByAddress)),
                ([("by", "account")], count(counters.limitedByAccount)),
                ([("by", "load")], count(counters.limitedByLoad)),
            ])
        text.metric(
            "dattss_mails_total", .counter, "Mails, by what became of them.",
            [
                ([("outcome", "sent")], Double(mail.sent)), ([("outcome", "failed")], Double(mail.failed)),
                ([("outcome", "refused")], Double(mail.refused)),
            ])
        text.metric("dattss_mails_queued", .gauge, "Mails that wait.", mail.queued)
    }

    private func log(_ snapshot: PipelineSnapshot, _ text: inout PrometheusText) {
        let lanes = [("accepted", snapshot.accepted), ("minutes", snapshot.minutes)]
        let columns: [(String, PrometheusText.MetricType, String, @Sendable (LaneMetrics) -> Double)] = [
            ("bytes", .gauge, "Size of a lane of the log.", { Double($0.bytes) }),
            ("segments", .gauge, "Files of a lane.", { Double($0.segments) }),
            ("frames_written_total", .counter, "Frames written.", { Double($0.frames) }),
            ("raw_bytes_written_total", .counter, "Bytes written, before compression.", { Double($0.rawBytes) }),
            ("bytes_written_total", .counter, "Bytes written.", { Double($0.compressedBytes) }),
            ("syncs_total", .counter, "Calls of fdatasync.", { Double($0.syncs) }),
            ("last_sync_seconds", .gauge, "How long the last one took.", { $0.lastSyncDuration / .seconds(1) }),
            ("failed_appends_total", .counter, "Appends that were taken back.", { Double($0.failedAppends) }),
            (
                "retired_segments_total", .counter, "Files deleted, because they were covered or too old.",
                {
                    Double($0.retiredSegments)
                }
            ),
        ]
        for (name, type, help, value) in columns {
            text.metric("dattss_log_\(name)", type, help, lanes.map { ([("lane", $0.0)], value($0.1)) })
        }
        housekeeping(snapshot, &text)
        text.metric(
            "dattss_log_corrupt_reads_total", .counter, "Frames that could not be read when asked for.",
            snapshot.corruptFrameReads)
        text.metric(
            "dattss_log_minute_retries_total", .counter, "Times a minute had to be written again.",
            snapshot.failedMinuteWrites)
        text.metric(
            "dattss_log_failed_retirements_total", .counter, "Times a covered or sealed segment could not be deleted.",
            snapshot.failedRetirements)
    }

    private func housekeeping(_ snapshot: PipelineSnapshot, _ text: inout PrometheusText) {
        let report = snapshot.housekeeping
        text.metric("dattss_sealed_files", .gauge, "Files of days and of hours.", snapshot.sealed.files)
        text.metric("dattss_sealed_bytes", .gauge, "Size of these files.", snapshot.sealed.bytes)
        text.metric("dattss_housekeeping_passes_total", .counter, "Passes of sealing and retention.", report.passes)
        text.metric(
            "dattss_housekeeping_failures_total", .counter, "Passes that an error cut short; they are tried again.",
            report.failures)
        text.metric(
            "dattss_housekeeping_last_seconds", .gauge, "How long the last pass took.",
            [([], report.lastDuration / .seconds(1))])
        text.metric("dattss_sealings_total", .counter, "Days that were sealed, or sealed anew.", report.sealings)
        text.metric("dattss_sealed_aggregates_total", .counter, "Minute aggregates taken into them.", report.sealedRows)
        text.metric(
            "dattss_retention_deleted_files_total", .counter, "Files of which all was past its time.", report.deletedFiles)
        text.metric(
            "dattss_retention_rewritten_files_total", .counter, "Files that were written anew without somebody.",
            report.rewrittenFiles)
        text.metric(
            "dattss_retention_held_files", .gauge,
            "Files that are past their time only if the clock is right: they stay until it has been so for three days, or "
                + "the server is started with --trust-clock.", report.heldFiles)
        let time = snapshot.confirmedTime
        text.metric(
            "dattss_clock_unconfirmed_seconds", .gauge,
            "By how much the clock is ahead of the time that has passed for certain (behind: negative); 0 when it is believed.",
            [([], time.doubt == nil ? 0 : Double(time.shown.milliseconds - time.line.milliseconds) / 1000)])
        text.metric("dattss_users_erased_total", .counter, "Deleted users of whom nothing is left.", report.erasedUsers)
        text.metric(
            "dattss_log_damage_found_total", .counter, "Damaged places found while sealing; copies are in quarantine/.",
            report.findings.count)
    }
}

/// Counts requests that were ended because they took too long.
final class TimeoutCounter: Sendable {
    private let value = Atomic<Int>(0)
    var count: Int { value.load(ordering: .relaxed) }
    func add() { value.add(1, ordering: .relaxed) }
}
