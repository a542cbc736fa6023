internal import Synchronization

/// Decides what of the unsynced changes is on the medium when the power fails.
struct PowerLoss {
    /// nil: nothing is.
    private var random: SeededGenerator?
    /// Whether caches are written back in any order: any sector of an unsynced write may be there or not or be garbage,
    /// and any unsynced change of a directory may have happened or not.
    let isScrambling: Bool

    init(seed: UInt64?, isScrambling: Bool) {
        random = seed.map { SeededGenerator(seed: $0) }
        self.isScrambling = isScrambling && seed != nil
    }

    mutating func upTo(_ count: Int) -> Int {
        guard var generator = random else { return 0 }
        defer { random = generator }
        return Int.random(in: 0...count, using: &generator)
    }

    mutating func oneIn(_ n: Int) -> Bool { upTo(n - 1) == 0 }
    mutating func byte() -> UInt8 { UInt8(upTo(255)) }
}

extension SimulatedFileSystem {
    /// Loses power: what was not synced is gone, open files and locks are dead.
    ///
    /// - Parameters:
    ///   - seed: when given, of each file and directory a random prefix of the unsynced changes survives, the last write
    ///     perhaps torn: caches are written back at any time.
    ///   - isScrambling: they are written back in any order, too: a file may have its new length while sectors of it are
    ///     zeros or garbage, and one of two renames may be lost.
    public func crash(tearingWith seed: UInt64? = nil, isScrambling: Bool = false) {
        var loss = PowerLoss(seed: seed, isScrambling: isScrambling)
        state.withLock { disk in
            // In the order of paths and inodes, so that a seed always means the same.
            for path in disk.directories.keys.sorted() { disk.directories[path]?.crash(&loss) }
            for inode in disk.files.keys.sorted() { disk.files[inode]?.crash(&loss) }
            disk.forgetUnreachable()
            disk.openCounts = [:]
            disk.forgetNameless()
            disk.locks = []
            disk.faults.removeAll()
            disk.epoch += 1
        }
    }

    /// What would be left if the power failed at this moment, as a disk of its own: whoever still runs on this one goes on
    /// undisturbed.
    ///
    /// Parameters are those of ``crash(tearingWith:isScrambling:)``.
    public func remainsAfterPowerLoss(tearingWith seed: UInt64? = nil, isScrambling: Bool = false) -> SimulatedFileSystem {
        let remains = SimulatedFileSystem(state.withLock { $0 })
        remains.crash(tearingWith: seed, isScrambling: isScrambling)
        return remains
    }
}

extension SimulatedDisk {
    /// Directories whose own entry a crash has forgotten are gone with all that is in them.
    fileprivate mutating func forgetUnreachable() {
        for path in directories.keys.sorted() where path != "/" {
            let (parent, name) = Self.split(path)
            if directories[parent]?.entries[name] != .directory { directories[path] = nil }
        }
    }
}
