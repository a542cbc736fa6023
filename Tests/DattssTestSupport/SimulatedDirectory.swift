/// The names in a directory, and the changes of them that no sync has made durable.
struct SimulatedDirectory {
    private(set) var entries: [String: Entry] = [:]
    private var durable: [String: Entry] = [:]
    private var pending: [Change] = []

    enum Entry: Hashable {
        case file(Int)
        case directory
    }

    private enum Change {
        case set(String, Entry?)
        /// Within this directory. Nobody ever finds neither name.
        case rename(String, to: String, Entry)
    }

    mutating func set(_ name: String, _ entry: Entry?) {
        entries[name] = entry
        pending.append(.set(name, entry))
    }

    mutating func rename(_ name: String, to newName: String) {
        guard name != newName, let entry = entries.removeValue(forKey: name) else { return }
        entries[newName] = entry
        pending.append(.rename(name, to: newName, entry))
    }

    mutating func sync() {
        durable = entries
        pending = []
    }

    /// Only the first changes since the last sync have happened, in order; or, when the loss scrambles, any of them.
    /// A rename may have happened by half: then both names are there.
    mutating func crash(_ loss: inout PowerLoss) {
        let isScrambled = loss.isScrambling && loss.oneIn(2)
        let kept = isScrambled ? pending.count : loss.upTo(pending.count)
        for change in pending.prefix(kept) where !isScrambled || loss.oneIn(2) {
            switch change {
            case .set(let name, let entry): durable[name] = entry
            case .rename(let name, to: let newName, let entry):
                durable[newName] = entry
                if !isScrambled || loss.oneIn(2) { durable[name] = nil }
            }
        }
        entries = durable
        pending = []
    }

    /// The files that have a name here, or would have one after a power loss.
    var inodes: Set<Int> {
        var inodes: Set<Int> = []
        func note(_ entry: Entry?) {
            if case .file(let inode)? = entry { inodes.insert(inode) }
        }
        for entry in entries.values { note(entry) }
        for entry in durable.values { note(entry) }
        for change in pending {
            switch change {
            case .set(_, let entry): note(entry)
            case .rename(_, to: _, let entry): note(entry)
            }
        }
        return inodes
    }
}
