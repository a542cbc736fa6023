import DattssCore
import DattssTestSupport
import Testing

@Suite struct BatchDecoderTests {
    @Test("a body of version 2 gives its partials, name and number")
    func version2() throws {
        // Goal: every field arrives where it belongs.
        let batch = try BatchDecoder.decode(Bodies.valid)
        #expect(batch.process == "api")
        #expect(batch.uptimeSeconds == 12.5)
        #expect(batch.origin == Batch.Origin(client: "6f1c", sequence: 17))
        #expect(
            batch.partials.map(\.key) == [
                StatisticKey(.counter, "routes.get"), StatisticKey(.timer, "db.time"), StatisticKey(.gauge, "users"),
            ])
        #expect(
            batch.partials[0].aggregate == Aggregate(sum: 376, count: 340, max: 3, min: 1, first: 1, last: 2, bottom: 1, top: 3))
        #expect(batch.partials[1].aggregate.isEmphasised)
        #expect(batch.partials[1].aggregate.sketch == naiveAggregate([1, 2, 3], hasSketch: true).sketch)
        #expect(batch.partials[2].aggregate == Aggregate(sample: -150))
    }

    @Test("a body of version 1 names its paths nam and sends null for what it has not")
    func version1() throws {
        // Goal: old clients are taken in as they are.
        let partial =
            #"{"nam":"a.b","sum":3,"cnt":2,"max":2,"min":3,"top":2,"bot":1,"fst":1,"lst":2,"pct":null,"emp":null,"skt":null}"#
        let widened = partial.replacing(#""min":3"#, with: #""min":2"#)
        let batch = try BatchDecoder.decode(Bodies.body(c: widened, rest: #","nam":"api","upt":3600"#))
        #expect(
            batch.partials == [
                Partial(
                    StatisticKey(.counter, "a.b"), Aggregate(sum: 3, count: 2, max: 2, min: 1, first: 1, last: 2, bottom: 1, top: 2)
                )
            ])
        #expect(batch.process == "api")
        #expect(batch.origin == nil)
    }

    @Test("pth is the path wherever nam stands", arguments: [#""pth":"p","nam":"n""#, #""nam":"n","pth":"p""#])
    func bothNames(names: String) throws {
        // Goal: a client of both versions is understood in any order of members.
        let partial = Bodies.counter.replacing(#""pth":"routes.get""#, with: names)
        #expect(try BatchDecoder.decode(Bodies.body(c: partial)).partials.map(\.key.path) == ["p"])
    }

    @Test(
        "what is optional may be null or missing",
        arguments: ["", #","nam":null,"upt":null,"cid":null,"seq":null"#, #","other":{"a":[1,{}]}"#])
    func optional(rest: String) throws {
        // Goal: the smallest body, and members that are not known.
        #expect(try BatchDecoder.decode(Bodies.body(rest: rest)) == Batch(partials: []))
    }

    @Test("space between tokens and order of members do not matter")
    func spaced() throws {
        // Goal: pretty-printed bodies.
        let spaced =
            " \n{ \"seq\" :\t17 , \"cid\":\"x\",\r\n\"prt\" : { \"g\":[ ] , \"ms\" : [\n] ,\"c\": [ \(Bodies.counter) , \(Bodies.counter) ] } } \n"
        #expect(try BatchDecoder.decode(spaced).partials.count == 2)
    }

    @Test("what an encoder wrote a decoder reads", arguments: seeds)
    func roundTrip(seed: UInt64) throws {
        // Goal: every number to the last bit, sketches with folded buckets, all kinds, with and without an origin.
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<60 {
            var batch = Batch(partials: [])
            for _ in 0..<Int.random(in: 0...12, using: &generator) { batch.partials.append(partial(&generator)) }
            batch.partials.sort { $0.key.kind < $1.key.kind }
            if generator.oneIn(2) { batch.process = "p-\(generator.path())" }
            if generator.oneIn(2) { batch.uptimeSeconds = generator.finiteDouble() }
            if generator.oneIn(2) {
                batch.origin = .init(
                    client: generator.path(), sequence: Int64.random(in: 0...Aggregate.countMax, using: &generator))
            }
            #expect(try BatchDecoder.decode(BatchEncoder.encode(batch)) == batch, "seed \(seed)")
        }
    }

    @Test("integers up to 2^53 survive exactly")
    func integers() throws {
        // Goal: the promise of the design, at its limit.
        var aggregate = Aggregate(sample: 0x1p53)
        (aggregate.count, aggregate.sum) = (Aggregate.countMax, 0x1p106)
        let batch = Batch(
            partials: [Partial(StatisticKey(.counter, "c"), aggregate)], origin: .init(client: "c", sequence: Aggregate.countMax))
        #expect(try BatchDecoder.decode(BatchEncoder.encode(batch)) == batch)
    }

    @Test("as many partials as allowed are taken, over all kinds, and not one more")
    func partialLimit() throws {
        // Goal: the limit counts the batch, not an array.
        var limits = Limits()
        limits.partialsPerBatch = 3
        let full = Bodies.body(c: Bodies.counter, ms: Bodies.timer, g: Bodies.gauge)
        #expect(try BatchDecoder.decode(full, limits: limits).partials.count == 3)
        limits.partialsPerBatch = 2
        let error = #expect(throws: WireError.self) { try BatchDecoder.decode(full, limits: limits) }
        #expect(error == WireError(.tooManyPartials, "prt.g: more than 2 partials in a batch"))
    }

    private func partial(_ generator: inout SeededGenerator) -> Partial {
        let kind = generator.element(of: Kind.allCases)
        var accumulator = SampleAccumulator()
        let isWide = generator.oneIn(8)
        for _ in 0..<(isWide ? 2000 : Int.random(in: 1...100, using: &generator)) {
            accumulator.add(
                isWide || generator.oneIn(3) ? generator.finiteDouble() : Double(Int.random(in: -5...5, using: &generator)),
                isEmphasised: generator.oneIn(90))
        }
        let aggregate = accumulator.partial(
            of: kind, fraction: generator.oneIn(2) ? 0.1 : Double.random(in: 0.001...0.5, using: &generator))
        return Partial(StatisticKey(kind, generator.path()), aggregate!)
    }
}
