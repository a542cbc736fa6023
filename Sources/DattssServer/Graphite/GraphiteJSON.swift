import DattssCore
import DattssQuery

/// Answers as graphite-web writes them (https://graphite.readthedocs.io/en/latest/render_api.html and …/metrics_api.html).
enum GraphiteJSON {
    /// Marks as events (https://graphite.readthedocs.io/en/latest/events.html).
    static func events(_ marks: [Accounts.KeptMark]) -> JSONWriter {
        var json = JSONWriter()
        json.array { json in
            for kept in marks {
                json.object { json in
                    json.member("id", kept.id)
                    json.member("what", kept.mark.text)
                    json.member("when", kept.mark.at.seconds)
                    json.array("tags") { json in for tag in kept.mark.tags { json.value(tag) } }
                    json.member("data", "")
                }
            }
        }
        return json
    }

    /// - Parameters:
    ///   - pointsMax: how many points a series may have; more are consolidated. nil for all.
    ///   - hasGaps: whether points without a value are told.
    static func series(_ series: [GraphiteSeries], pointsMax: Int?, hasGaps: Bool) -> JSONWriter {
        let range = (series.map(\.endSeconds).max() ?? 0) - (series.map(\.start).min() ?? 0)
        var json = JSONWriter()
        json.array { json in
            // As graphite-web has it.
            if series.allSatisfy(\.points.isEmpty) { return }
            for one in series {
                var one = one
                if let pointsMax { one.consolidate(toPoints: pointsMax, range: range) }
                let points = one.points.enumerated().filter { hasGaps || !$0.element.isNaN }
                if !hasGaps, points.isEmpty { continue }
                json.object { json in
                    json.member("target", one.name)
                    json.object("tags") { json in
                        json.member(escaping: "name", one.name)
                        for (name, value) in one.tags.sorted(by: { $0.key < $1.key }) where name != "name" {
                            json.member(escaping: name, value)
                        }
                    }
                    json.array("datapoints") { json in
                        for (index, value) in points {
                            json.array { json in
                                json.value(value)
                                json.value(Int64(one.start + index * one.pointSeconds))
                            }
                        }
                    }
                }
            }
        }
        return json
    }

    /// For a tree in which people look around: each name once with what is behind it.
    static func tree(_ nodes: [GraphiteTreeNode], under base: String) -> JSONWriter {
        var json = JSONWriter()
        json.array { json in
            var seen: Set<GraphiteTreeNode> = []
            for isLeaf in [false, true] {
                for node in nodes where node.isLeaf == isLeaf {
                    let named = GraphiteTreeNode(name: node.name, path: base + node.name, isLeaf: isLeaf)
                    guard seen.insert(named).inserted else { continue }
                    json.object { json in
                        json.member("text", node.name)
                        json.member("id", named.path)
                        json.member("allowChildren", Int64(isLeaf ? 0 : 1))
                        json.member("expandable", Int64(isLeaf ? 0 : 1))
                        json.member("leaf", Int64(isLeaf ? 1 : 0))
                    }
                }
            }
        }
        return json
    }

    /// For completing a name: whole paths, those of branches with a dot behind them.
    static func completer(_ nodes: [GraphiteTreeNode]) -> JSONWriter {
        var json = JSONWriter()
        json.object { json in
            json.array("metrics") { json in
                for node in nodes {
                    json.object { json in
                        json.member("path", node.isLeaf ? node.path : node.path + ".")
                        json.member("name", node.name)
                        json.member("is_leaf", node.isLeaf ? "1" : "0")
                    }
                }
            }
        }
        return json
    }
}
