/// Writes the body of `PUT /agg`: what ``BatchDecoder`` reads.
public enum BatchEncoder {
    /// The body of a batch, as JSON in UTF-8.
    public static func encode(_ batch: Batch) -> [UInt8] {
        var json = JSONWriter(capacity: 64 + batch.partials.count * 160)
        json.object { json in
            json.object("prt") { json in
                json.array("c") { write(batch.partials, .counter, &$0) }
                json.array("ms") { write(batch.partials, .timer, &$0) }
                json.array("g") { write(batch.partials, .gauge, &$0) }
            }
            if let process = batch.process { json.member("nam", process) }
            if let uptime = batch.uptimeSeconds { json.member("upt", uptime) }
            if let origin = batch.origin {
                json.member("cid", origin.client)
                json.member("seq", origin.sequence)
            }
        }
        return json.bytes
    }

    private static func write(_ partials: [Partial], _ kind: Kind, _ json: inout JSONWriter) {
        for partial in partials where partial.key.kind == kind {
            let aggregate = partial.aggregate
            json.object { json in
                json.member("typ", kind.symbol)
                json.member("pth", partial.key.path)
                json.member("sum", aggregate.sum)
                json.member("cnt", aggregate.count)
                json.member("max", aggregate.max)
                json.member("min", aggregate.min)
                json.member("top", aggregate.top)
                json.member("bot", aggregate.bottom)
                json.member("fst", aggregate.first)
                json.member("lst", aggregate.last)
                json.member("pct", aggregate.fraction)
                json.member("emp", aggregate.isEmphasised)
                if let sketch = aggregate.packedSketch { write(sketch, &json) }
            }
        }
    }

    private static func write(_ sketch: PackedSketch, _ json: inout JSONWriter) {
        sketch.withStores { zeroCount, positive, negative in
            json.object("skt") { json in
                if zeroCount > 0 { json.member("z", zeroCount) }
                write(positive, "p", "cp", &json)
                write(negative, "n", "cn", &json)
            }
        }
    }

    private static func write(
        _ store: PackedStore, _ name: StaticString, _ collapsedName: StaticString, _ json: inout JSONWriter
    ) {
        guard store.count > 0 else { return }
        json.array(name) { json in
            store.forEach { index, count in
                json.value(Int64(index))
                json.value(count)
            }
        }
        if store.collapsedCount > 0 { json.member(collapsedName, store.collapsedCount) }
    }
}
