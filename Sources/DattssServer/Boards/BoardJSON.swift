import DattssCore
import DattssQuery

/// How boards and the links to them are written as JSON.
enum BoardJSON {
    /// The document, as it is stored, exported and shown.
    static func write(_ board: Board, version: String?) -> JSONWriter {
        var json = JSONWriter(capacity: 1024)
        write(board, version: version, &json)
        return json
    }

    private static func write(_ board: Board, version: String?, _ json: inout JSONWriter) {
        json.object { json in
            json.member("format", Board.format)
            json.member("name", board.name)
            json.array("panels") { json in for panel in board.panels { write(panel, &json) } }
            if let version { json.member("version", version) }
        }
    }

    private static func write(_ panel: Board.Panel, _ json: inout JSONWriter) {
        json.object { json in
            switch panel.content {
            case .plot(let address):
                json.member("type", "plot")
                json.member("address", address)
            case .text(let text):
                json.member("type", "text")
                json.member("text", text)
            }
            json.member("title", panel.title)
            json.member("width", panel.width.rawValue)
        }
    }

    static func list(_ boards: [Accounts.BoardSummary]) -> JSONWriter {
        var json = JSONWriter()
        json.object { json in
            json.array("boards") { json in
                for board in boards {
                    json.object { json in
                        json.member("name", board.name)
                        json.member("panels", Int64(board.panelCount))
                        json.member("version", board.version)
                        json.member("changedAt", board.changedAt.seconds)
                        json.member("shares", Int64(board.shareCount))
                    }
                }
            }
            json.member("most", Int64(Board.perUserMax))
        }
        return json
    }

    static func shares(_ shares: [Accounts.BoardShare]) -> JSONWriter {
        var json = JSONWriter()
        json.object { json in json.array("shares") { json in for share in shares { json.object { write(share, &$0) } } } }
        return json
    }

    /// With the link, which is told this once.
    static func share(_ share: Accounts.BoardShare, link: String) -> JSONWriter {
        var json = JSONWriter()
        json.object { json in
            write(share, &json)
            json.member("link", link)
        }
        return json
    }

    private static func write(_ share: Accounts.BoardShare, _ json: inout JSONWriter) {
        json.member("id", share.id)
        json.member("by", share.by)
        json.member("createdAt", share.createdAt.seconds)
        json.member("expiresAt", share.expiresAt?.seconds)
        json.member("lastUsedAt", share.usedAt?.seconds)
    }

    /// What somebody sees who has the link.
    static func shared(_ shared: Accounts.SharedBoard, units: [Accounts.StatisticUnit]) -> JSONWriter {
        var json = JSONWriter(capacity: 1024)
        json.object { json in
            json.name(escaping: "board")
            write(shared.board, version: shared.board.version, &json)
            json.name(escaping: "units")
            AccountJSON.write(units, &json)
            json.member("expiresAt", shared.expiresAt?.seconds)
        }
        return json
    }
}
