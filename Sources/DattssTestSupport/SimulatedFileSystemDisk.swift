internal import DattssLog

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// What is in the caches and what is on the medium.
struct SimulatedDisk {
    var directories: [String: Directory] = ["/": Directory()]
    var files: [Int: Contents] = [:]
    var locks: Set<String> = []
    var faults = FaultPlan()
    /// nil is a disk without bounds.
    var capacityBytes: Int?
    /// Counts crashes: a descriptor of an earlier one is dead.
    var epoch = 0
    private var nextInode = 1

    enum Entry: Hashable {
        case file(Int)
        case directory
    }

    /// The names in a directory, and the changes of them that no sync has made durable.
    struct Directory {
        private(set) var entries: [String: Entry] = [:]
        private var durable: [String: Entry] = [:]
        private var pending: [(name: String, entry: Entry?)] = []

        mutating func set(_ name: String, _ entry: Entry?) {
            entries[name] = entry
            pending.append((name, entry))
        }

        mutating func sync() {
            durable = entries
            pending = []
        }

        /// Power loss: of the changes since the last sync only the first `kept` ones happened.
        mutating func crash(keeping kept: Int) {
            for change in pending.prefix(kept) { durable[change.name] = change.entry }
            entries = durable
            pending = []
        }

        var pendingCount: Int { pending.count }
    }

    /// The bytes of a file, and the changes of them that no sync has made durable.
    struct Contents {
        private(set) var bytes: [UInt8] = []
        private var durable: [UInt8] = []
        private var pending: [Change] = []

        private enum Change {
            case append([UInt8])
            case truncate(Int)
        }

        mutating func append(_ more: [UInt8]) {
            bytes += more
            pending.append(.append(more))
        }

        mutating func truncate(to size: Int) {
            bytes = Array(bytes.prefix(size)) + [UInt8](repeating: 0, count: max(0, size - bytes.count))
            pending.append(.truncate(size))
        }

        mutating func replace(_ replacement: [UInt8]) {
            bytes = replacement
            sync()
        }

        mutating func sync() {
            durable = bytes
            pending = []
        }

        /// Power loss: the first `kept` changes happened, and of a write after them its first `tornBytes`.
        mutating func crash(keeping kept: Int, tornBytes: (Int) -> Int) {
            for (position, change) in pending.prefix(kept + 1).enumerated() {
                switch change {
                case .append(let more):
                    durable += position < kept ? more : Array(more.prefix(tornBytes(more.count)))
                case .truncate(let size) where position < kept: durable = Array(durable.prefix(size))
                case .truncate: break
                }
            }
            bytes = durable
            pending = []
        }

        var pendingCount: Int { pending.count }
        var durableBytes: [UInt8] { durable }
    }

    var usedBytes: Int { files.values.reduce(0) { $0 + $1.bytes.count } }
    var freeBytes: Int { capacityBytes.map { max(0, $0 - usedBytes) } ?? .max }

    func inode(at path: String) -> Int? {
        let (parent, name) = Self.split(path)
        guard case .file(let inode)? = directories[parent]?.entries[name] else { return nil }
        return inode
    }

    mutating func createFile(_ path: String) throws(FileSystemError) -> Int {
        let inode = nextInode
        nextInode += 1
        try link(path, .file(inode), .open)
        files[inode] = Contents()
        return inode
    }

    mutating func link(
        _ path: String, _ entry: Entry, _ operation: FileSystemError.Operation
    ) throws(FileSystemError) {
        try set(path, entry, operation)
    }

    mutating func unlink(_ path: String, _ operation: FileSystemError.Operation) throws(FileSystemError) {
        try set(path, nil, operation)
        freeUnnamed()
    }

    private mutating func set(
        _ path: String, _ entry: Entry?, _ operation: FileSystemError.Operation
    ) throws(FileSystemError) {
        let (parent, name) = Self.split(path)
        guard directories[parent] != nil else { throw FileSystemError(operation, path, code: ENOENT) }
        directories[parent]?.set(name, entry)
    }

    /// Empties files that have no name any more, so that their space is free. (Descriptors of them read nothing, where
    /// a real one could still read: the log never does that without being able to fail.)
    private mutating func freeUnnamed() {
        guard capacityBytes != nil else { return }
        var named: Set<Int> = []
        for directory in directories.values {
            for case .file(let inode) in directory.entries.values { named.insert(inode) }
        }
        for inode in files.keys where !named.contains(inode) { files[inode] = Contents() }
    }

    static func split(_ path: String) -> (parent: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return ("/", path) }
        let parent = path[..<slash]
        return (parent.isEmpty ? "/" : String(parent), String(path[path.index(after: slash)...]))
    }
}

/// Which call is to fail, and how.
struct FaultPlan {
    var operationCount = 0
    private(set) var countByOperation: [FileSystemError.Operation: Int] = [:]
    private var faults: [Fault] = []

    struct Fault {
        var operation: FileSystemError.Operation?
        /// How many calls are still to succeed before.
        var remaining: Int
        var effect: SimulatedFileSystem.Effect
        var isPermanent: Bool
    }

    mutating func add(_ fault: Fault) { faults.append(fault) }
    mutating func removeAll() { faults = [] }

    /// Counts a call, and says how it fails.
    mutating func next(_ operation: FileSystemError.Operation) -> SimulatedFileSystem.Effect? {
        operationCount += 1
        countByOperation[operation, default: 0] += 1
        var effect: SimulatedFileSystem.Effect?
        for index in faults.indices where faults[index].operation.map({ $0 == operation }) ?? true {
            if faults[index].remaining > 0 {
                faults[index].remaining -= 1
            } else {
                effect = effect ?? faults[index].effect
                if !faults[index].isPermanent { faults[index].remaining = .max }
            }
        }
        return effect
    }
}
