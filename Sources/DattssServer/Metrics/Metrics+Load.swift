import DattssPipeline

/// What of the server's own effort and memory goes to readers, and who was refused a part of it.
extension Metrics {
    func queries(_ counts: TurnCounts, _ text: inout PrometheusText) {
        text.metric("dattss_queries_total", .counter, "Queries whose turn came: status, series, days.", counts.begun)
        text.metric("dattss_queries_under_way", .gauge, "Queries that are being answered.", counts.underWay)
        text.metric("dattss_queries_waiting", .gauge, "Queries that wait for their turn.", counts.waiting)
        text.metric(
            "dattss_queries_refused_total", .counter, "Queries that were refused because too many waited, by the limit they met.",
            [([("limit", "all")], Double(counts.refused)), ([("limit", "user")], Double(counts.refusedOfUser))])
        text.metric(
            "dattss_queries_abandoned_total", .counter, "Queries whose turn came when nobody waited for the answer any more.",
            counts.abandoned)
    }

    func bodies(_ counts: TurnCounts, _ text: inout PrometheusText) {
        text.metric(
            "dattss_large_bodies_total", .counter, "Large or compressed bodies that were read, steps of exports each.", counts.begun
        )
        text.metric("dattss_large_bodies_waiting", .gauge, "Such bodies that wait for their turn.", counts.waiting)
        text.metric(
            "dattss_large_bodies_refused_total", .counter,
            "Such bodies that were refused because too many waited, by the limit.",
            [([("limit", "all")], Double(counts.refused)), ([("limit", "user")], Double(counts.refusedOfUser))])
    }

    func held(_ text: inout PrometheusText) {
        let budgets = [("uploads", memory.uploads), ("unsent", memory.unsent)]
        text.metric("dattss_memory_budget_bytes", .gauge, "What --max-memory says.", memory.bytes)
        text.metric(
            "dattss_memory_held_bytes", .gauge,
            "Bytes of bodies that are on their way, and of large answers that wait for their readers.",
            budgets.map { ([("for", $0)], Double($1.use.bytes)) })
        text.metric(
            "dattss_memory_held_max_bytes", .gauge, "How many there may be.",
            budgets.map { ([("for", $0)], Double($1.bytesMax)) })
        text.metric(
            "dattss_memory_refused_total", .counter, "Bodies and answers for which there was no room.",
            budgets.map { ([("for", $0)], Double($1.use.refused)) })
    }
}
