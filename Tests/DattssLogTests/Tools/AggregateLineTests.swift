import DattssCore
import DattssLog
import DattssTestSupport
import Testing

/// Goal: a table of aggregates says everything of them, and what it says is read back bit by bit.
@Suite struct AggregateLineTests {
    private func read(_ text: String, _ reader: inout AggregateLineReader) throws(AggregateLineProblem) -> AggregateLine? {
        let bytes = Array(text.utf8)
        return try bytes.withUnsafeBufferPointer { line throws(AggregateLineProblem) in try reader.read(line) }
    }

    private func read(_ text: String) throws(AggregateLineProblem) -> AggregateLine? {
        var reader = AggregateLineReader()
        return try read(text, &reader)
    }

    private func lines(_ writer: AggregateLineWriter) -> [String] {
        String(decoding: writer.bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test("any aggregate is read back as it was written", arguments: 1...8 as ClosedRange<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var values = RandomValues(seed: seed)
        var writer = AggregateLineWriter(AggregateColumns(hasSketch: true, hasExtras: true))
        writer.appendHeader()
        let rows = (0..<250).map { _ in
            AggregateLine(
                minute: Minute(Int64(values.int(-1_000_000...40_000_000))), key: values.key(), aggregate: values.finiteAggregate())
        }
        for row in rows { writer.append(row.minute, row.key, row.aggregate) }
        var reader = AggregateLineReader()
        var found: [AggregateLine] = []
        for line in lines(writer) {
            if let row = try read(line, &reader) { found.append(row) }
        }
        #expect(found == rows, "seed \(seed)")
        #expect(found.map { bits($0.aggregate) } == rows.map { bits($0.aggregate) }, "seed \(seed)")
    }

    @Test("doubles of any bits are read back as they were written")
    func doubles() throws {
        var random = SeededGenerator(seed: 7)
        var writer = AggregateLineWriter(AggregateColumns(hasSketch: false, hasExtras: false))
        let aggregates = (0..<2000).map { _ in
            let next = { () -> Double in
                let value = Double(bitPattern: random.next())
                return value.isFinite ? value : 0.1
            }
            return Aggregate(
                sum: next(), count: 1, max: next(), min: next(), first: next(), last: next(), bottom: next(), top: next())
        }
        for aggregate in aggregates { writer.append(midnight, StatisticKey(.gauge, "g"), aggregate) }
        let found = try lines(writer).map { line in try #require(try read(line)) }
        #expect(found.map { bits($0.aggregate) } == aggregates.map(bits))
    }

    @Test("a line is what the documentation says")
    func documented() throws {
        var sketch = Sketch()
        for value in [0, -3.0, 97, 97, 120] { sketch.add(value) }
        let aggregate = Aggregate(
            sum: 311.25, count: 5, max: 120, min: -3, first: 0, last: 120, bottom: -3, top: 120, isEmphasised: true, sketch: sketch)
        var writer = AggregateLineWriter(AggregateColumns(hasSketch: true, hasExtras: true))
        writer.appendHeader()
        writer.append(midnight, StatisticKey(.timer, "query.time"), aggregate)
        var bare = AggregateLineWriter(AggregateColumns(hasSketch: false, hasExtras: false))
        bare.appendHeader()
        bare.append(midnight, StatisticKey(.counter, "n"), Aggregate(sample: 1))
        #expect(
            lines(writer) + lines(bare) == [
                "minute_epoch,type,path,sum,cnt,max,min,top,bot,fst,lst,sketch,pct,emp,apx",
                "1795305600,ms,query.time,311.25,5,120,-3,120,-3,0,120,z 1 p 211 2 221 1 n 50 1,0.1,1,0",
                "minute_epoch,type,path,sum,cnt,max,min,top,bot,fst,lst",
                "1795305600,c,n,1,1,1,1,1,1,1,1",
            ])
    }

    @Test("names decide which column is which; fields may be quoted; seconds within a minute are its own")
    func columns() throws {
        var reader = AggregateLineReader()
        #expect(try read("minute_epoch,lst,fst,bot,top,min,max,cnt,sum,path,type,note", &reader) == nil)
        let row = try read("1795305659,8,7,6,5,4,3,2,1,\"p\",\"ms\",\"a \"\"note\"\", not ours\"", &reader)
        #expect(
            row
                == AggregateLine(
                    minute: midnight, key: StatisticKey(.timer, "p"),
                    aggregate: Aggregate(sum: 1, count: 2, max: 3, min: 4, first: 7, last: 8, bottom: 6, top: 5)))
        #expect(try read("") == nil)
        #expect(try read("1795305600,c,n,1,1,1,1,1,1,1,1,,0.5,1,1")?.aggregate.fraction == 0.5)
    }

    @Test(
        "what separates fields is what comes first in the line of names, or in the first line",
        arguments: [
            ("minute_epoch;type;path;sum;cnt;max;min;top;bot;fst;lst\n1795305600;c;n;7;1;7;7;7;7;7;7", [7]),
            ("minute_epoch\ttype\tpath\tsum\tcnt\tmax\tmin\ttop\tbot\tfst\tlst\n1795305600\tc\tn\t7\t1\t7\t7\t7\t7\t7\t7", [7]),
            ("1795305600;c;n;7;1;7;7;7;7;7;7\n1795305600;c;n;8;1;8;8;8;8;8;8", [7, 8]),
            ("\"1795305600\"\t\"c\"\t\"a;b\"\t7\t1\t7\t7\t7\t7\t7\t7", [7]),
            // Two tables in one file.
            (
                "1795305600,c,n,7,1,7,7,7,7,7,7\nminute_epoch;lst;type;path;sum;cnt;max;min;top;bot;fst\n1795305600;9;c;n;8;1;9;9;9;9;9",
                [7, 8]
            ),
            // A line that cannot be read decides nothing, and what was decided stays.
            ("x;y\n1795305600,c,n,7,1,7,7,7,7,7,7\n1795305600;c;n;8;1;8;8;8;8;8;8", [7]),
            // Numbers and names as others write them.
            (" 1795305600 , c , n , 007. , 1 , +7 , .7e1 , 7 , 7 , 7 , 7 ", [7]),
        ] as [(String, [Double])])
    func separators(text: String, sums: [Double]) {
        var reader = AggregateLineReader()
        let rows = text.split(separator: "\n").compactMap { try? read(String($0), &reader) }
        #expect(rows.map(\.aggregate.sum) == sums)
    }

    @Test("names that are no paths become some, and are counted each time")
    func rewriting() throws {
        var reader = AggregateLineReader()
        let names = ["my hits", "my hits", "n", "a/b", "n"]
        let paths = try names.map { try read("1795305600,c,\($0),1,1,1,1,1,1,1,1", &reader)?.key.path }
        #expect(paths == ["my_hits", "my_hits", "n", "a-b", "n"])
        #expect(reader.rewritten.count == 3)
        #expect(reader.rewritten.examples.map(\.original) == ["my hits", "a/b"])
    }

    @Test(
        "a bad line says what is wrong with it",
        arguments: [
            ("1795305600,c,n,1,1,1,1,1,1,1", AggregateLineProblem.badColumns),
            ("minute_epoch,type,path", .badColumns),
            ("now,c,n,1,1,1,1,1,1,1,1", .badTime),
            ("99999999999999999,c,n,1,1,1,1,1,1,1,1", .badTime),
            ("99999999999999999999,c,n,1,1,1,1,1,1,1,1", .badTime),
            ("1795305600,h,n,1,1,1,1,1,1,1,1", .badKind),
            ("1795305600,c,é,1,1,1,1,1,1,1,1", .badPath),
            ("1795305600,c,,1,1,1,1,1,1,1,1", .badPath),
            ("1795305600,c,n,1,0,1,1,1,1,1,1", .badCount),
            ("1795305600,c,n,1,1.5,1,1,1,1,1,1", .badCount),
            ("1795305600,c,n,1,9223372036854775808,1,1,1,1,1,1", .badCount),
            ("1795305600,c,n,x,1,1,1,1,1,1,1", .badNumber),
            ("1795305600,c,n,nan,1,1,1,1,1,1,1", .badNumber),
            ("1795305600,c,n,1e999,1,1,1,1,1,1,1", .badNumber),
            ("1795305600,c,n,1,1,1,1,1,1,1,1,1 2", .badSketch),
            ("1795305600,c,n,1,1,1,1,1,1,1,1,z", .badSketch),
            ("1795305600,c,n,1,1,1,1,1,1,1,1,z -1", .badSketch),
            ("1795305600,c,n,1,1,1,1,1,1,1,1,p 1", .badSketch),
            ("1795305600,c,n,1,1,1,1,1,1,1,1,p 2 1 1 1", .badSketch),
            ("1795305600,c,n,1,1,1,1,1,1,1,1,p 99999999999 1", .badSketch),
            ("1795305600,c,n,1,1,1,1,1,1,1,1,q 1 1", .badSketch),
            ("1795305600,c,n,1,1,1,1,1,1,1,1,,0.1,yes,0", .badFlag),
        ])
    func badLines(line: String, problem: AggregateLineProblem) {
        #expect(throws: problem) { try read(line) }
    }

    @Test("no line traps, whatever is in it")
    func mutations() throws {
        var random = SeededGenerator(seed: 11)
        let line = Array("1795305600,ms,query.time,311.25,5,120,-3,120,-3,0,120,z 1 p 211 2 221 1 n 50 1,0.1,1,0".utf8)
        let bytes = Array("0123456789,\"-.eE zpnc\u{0}\u{FF}x".utf8)
        var good = 0
        for _ in 0..<50_000 {
            var mutated = line
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                switch Int.random(in: 0..<3, using: &random) {
                case 0: mutated[Int.random(in: 0..<mutated.count, using: &random)] = random.element(of: bytes)
                case 1: mutated.insert(random.element(of: bytes), at: Int.random(in: 0...mutated.count, using: &random))
                default: if mutated.count > 1 { mutated.remove(at: Int.random(in: 0..<mutated.count, using: &random)) }
                }
            }
            var reader = AggregateLineReader()
            let row = try? mutated.withUnsafeBufferPointer { line throws(AggregateLineProblem) in try reader.read(line) }
            if row != nil { good += 1 }
        }
        #expect(good > 100)
    }
}

extension RandomValues {
    /// One that a log may hold: sums stay finite.
    mutating func finiteAggregate() -> Aggregate {
        var aggregate = aggregate()
        aggregate.sum = aggregate.sum.clamped(-.greatestFiniteMagnitude, .greatestFiniteMagnitude)
        return aggregate
    }
}
