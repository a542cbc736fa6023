import DattssCore

extension Evaluator {
    /// Finds what moved in a window, among all statistics of the user: in one pass over the minutes of the window and of its baseline.
    /// - Throws: ``QueryError``: ``QueryError/Code/invalid`` when there is nothing to compare with, or only hours are left; and what the source
    ///   throws.
    public func moved(_ question: MoveQuestion) async throws -> MoveAnswer {
        let layout = question.layout
        let table = MoveTable(question, limits)
        var isActive = [Bool](repeating: false, count: layout.binCount)
        let needsSketches = question.kinds.contains { question.figures(of: $0).contains(where: \.needsSketches) }
        for minutes in layout.reads {
            table.begin(minutes)
            let sink = SeriesSink(table, watch)
            for (slot, key) in table.keys.enumerated() { sink.know(slot, key) }
            let request = SeriesRequest(
                minutes: minutes, pathPrefix: question.pattern.prefix, withSketches: needsSketches, withTotals: false)
            let active = try await source.read(request, into: sink)
            if let failure = sink.failure { throw failure }
            for minute in active.clamped(to: minutes).minutes { layout.forEachBin(of: minute) { isActive[$0] = true } }
        }
        guard !table.hasHours else {
            throw QueryError(.invalid, "the window: only hours are left of it, expected one of which minutes are kept")
        }
        guard layout.stretches.joined().count(where: { isActive[$0] }) >= MoveJudge.presentMin else {
            throw QueryError(
                .invalid,
                "the baseline: hardly anything was sent in it, expected \(MoveJudge.presentMin * Int(layout.binMinutes)) minutes to compare "
                    + "with at least")
        }
        return try answer(table, MoveJudge(layout, isActive: isActive))
    }

    private func answer(_ table: MoveTable, _ judge: MoveJudge) throws(QueryError) -> MoveAnswer {
        var judge = judge
        var found: [(slot: Int, position: Int, move: Move)] = []
        for slot in table.keys.indices {
            if slot % 64 == 0 { try watch.check() }
            var furthest: (position: Int, move: Move)?
            for (position, row) in table.rows[slot].enumerated() where !row.values.isEmpty {
                guard let move = judge.judge(table.values(slot, position), isCounted: row.figure.isCounted) else { continue }
                if move.score > furthest?.move.score ?? 0 { furthest = (position, move) }
            }
            if let furthest, furthest.move.score > MoveAnswer.scoreMin { found.append((slot, furthest.position, furthest.move)) }
        }
        found.sort { (-$0.move.score, table.keys[$0.slot]) < (-$1.move.score, table.keys[$1.slot]) }
        return MoveAnswer(
            moved: found.prefix(table.question.limit).map { moved(table, judge, $0.slot, $0.position, $0.move) },
            movedCount: found.count, comparedCount: table.rows.count { $0.contains { !$0.values.isEmpty } })
    }

    private func moved(_ table: MoveTable, _ judge: MoveJudge, _ slot: Int, _ position: Int, _ move: Move) -> MoveAnswer.Moved {
        let (layout, figure) = (table.question.layout, table.rows[slot][position].figure)
        return MoveAnswer.Moved(
            key: table.keys[slot], figure: figure, move: move,
            began: layout.minute(ofCurrent: move.began),
            ended: move.ended < layout.current.upperBound ? layout.minute(ofCurrent: move.ended) : nil,
            values: judge.drawn(table.values(slot, position), isCounted: figure.isCounted))
    }
}
