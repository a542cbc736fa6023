internal import DattssLog
import LibC

/// What is in the caches and what is on the medium.
struct SimulatedDisk {
    var directories: [String: SimulatedDirectory] = ["/": SimulatedDirectory()]
    var files: [Int: SimulatedContents] = [:]
    /// How many descriptors there are of a file: it goes on without a name for as long as there is one.
    var openCounts: [Int: Int] = [:]
    var locks: Set<String> = []
    var faults = FaultPlan()
    /// nil is a disk without bounds.
    var capacityBytes: Int?
    /// Counts crashes: a descriptor of an earlier one is dead.
    var epoch = 0
    private var nextInode = 1

    /// What counts against the capacity: files that have a name or are open. One that only a power loss would bring back
    /// takes no room.
    var usedBytes: Int {
        let named = directories.values.reduce(into: Set(openCounts.keys)) { named, directory in
            for case .file(let inode) in directory.entries.values { named.insert(inode) }
        }
        return named.reduce(0) { $0 + (files[$1]?.bytes.count ?? 0) }
    }

    var freeBytes: Int { capacityBytes.map { max(0, $0 - usedBytes) } ?? .max }

    func inode(at path: String) -> Int? {
        let (parent, name) = Self.split(path)
        guard case .file(let inode)? = directories[parent]?.entries[name] else { return nil }
        return inode
    }

    mutating func createFile(_ path: String) throws(FileSystemError) -> Int {
        let inode = nextInode
        nextInode += 1
        try set(path, .file(inode), .open)
        files[inode] = SimulatedContents()
        return inode
    }

    mutating func set(
        _ path: String, _ entry: SimulatedDirectory.Entry?, _ operation: FileSystemError.Operation
    ) throws(FileSystemError) {
        let (parent, name) = Self.split(path)
        guard directories[parent] != nil else { throw FileSystemError(operation, path, code: ENOENT) }
        directories[parent]?.set(name, entry)
    }

    mutating func rename(_ path: String, to newPath: String) throws(FileSystemError) {
        let (parent, name) = Self.split(path)
        let (newParent, newName) = Self.split(newPath)
        guard let entry = directories[parent]?.entries[name] else { throw FileSystemError(.rename, path, code: ENOENT) }
        if parent == newParent {
            directories[parent]?.rename(name, to: newName)
        } else {
            try set(newPath, entry, .rename)
            try set(path, nil, .rename)
        }
    }

    mutating func opened(_ inode: Int) { openCounts[inode, default: 0] += 1 }

    mutating func closed(_ inode: Int) {
        guard let count = openCounts[inode] else { return }
        openCounts[inode] = count > 1 ? count - 1 : nil
        if count == 1 { forgetNameless() }
    }

    /// Drops what nobody can ever read again.
    mutating func forgetNameless() {
        let known = directories.values.reduce(into: Set(openCounts.keys)) { $0.formUnion($1.inodes) }
        for inode in files.keys where !known.contains(inode) { files[inode] = nil }
    }

    /// Puts a durable file there, with the directories above it.
    mutating func place(_ bytes: [UInt8], at path: String) {
        var missing: [String] = []
        var parent = Self.split(path).parent
        while directories[parent] == nil {
            missing.append(parent)
            parent = Self.split(parent).parent
        }
        for path in missing.reversed() {
            directories[path] = SimulatedDirectory()
            let (parent, name) = Self.split(path)
            directories[parent]?.set(name, .directory)
            directories[parent]?.sync()
        }
        guard let inode = inode(at: path) ?? (try? createFile(path)) else { return }
        files[inode] = SimulatedContents(durable: bytes)
        directories[Self.split(path).parent]?.sync()
    }

    static func split(_ path: String) -> (parent: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return ("/", path) }
        let parent = path[..<slash]
        return (parent.isEmpty ? "/" : String(parent), String(path[path.index(after: slash)...]))
    }
}
