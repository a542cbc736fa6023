import DattssCore

/// What the server watches of itself: rules about its own statistics, to be seen at `/server`. They are made once; whoever changes or
/// removes them has the last word.
enum OwnAlerts {
    static let rules: [String] = [
        #"{"id":"disk","name":"The disk is nearly full","match":"disk.free.percent","kind":"g","measure":"value","below":5,"recover":8,"for":60,"severity":"critical","text":"Nothing is taken in once it is full. Free some, or keep less: --retention-days."}"#,
        #"{"id":"log","name":"The log takes nothing in","match":"ingest.refused.log_unavailable","kind":"c","measure":"sum","above":0,"severity":"critical","text":"The disk failed; the server's log says why."}"#,
        #"{"id":"drops","name":"The kernel drops datagrams","match":"udp.kernel.dropped","kind":"c","measure":"sum","above":0,"for":30,"severity":"warning","text":"Nobody read them in time: see --receive-buffer-bytes."}"#,
        #"{"id":"clock","name":"The clock is not believed","match":"clock.unconfirmed.seconds","kind":"g","measure":"value","above":60,"for":60,"severity":"warning","text":"It is far from what has passed since the last run: see --trust-clock."}"#,
    ]
}

extension Accounts {
    /// Makes the rules of the server's own statistics, at the first start.
    func prepareOwnAlerts(at time: Timestamp) throws {
        let state = try alertState(of: .dattss)
        guard state.rules.isEmpty, try alertEvents(of: .dattss, limit: 1).isEmpty else { return }
        var commit = AlertCommit()
        commit.rules = try OwnAlerts.rules.map { text in
            try Array(text.utf8).withUnsafeBytes { bytes throws(WireError) in
                try JSONCursor.read(bytes) { (cursor) throws(WireError) in try AlertRule(&cursor, id: "") }
            }
        }
        let notes = (commit.rules ?? []).map { AlertEventLine("rule-set", $0, by: "", at: time) }
        try keep(commit, of: .dattss, at: time, notes: notes)
    }
}
