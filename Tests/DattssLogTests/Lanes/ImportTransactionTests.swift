import DattssCore
import DattssLog
import DattssTestSupport
import Testing

/// Goal: of an import there is all or nothing, whatever happens, and of what was there before nothing is lost.
@Suite struct ImportTransactionTests {
    private let before = [block(0, through: 3), block(1, through: 5)]
    // They are of several days, and so in several segments.
    private let imported = [
        block(-4320, through: nil), block(-2880, through: nil), block(-2879, through: nil), block(0, through: nil),
    ]

    private func prepared() throws -> SimulatedFileSystem {
        let fileSystem = SimulatedFileSystem()
        try DataFolder.lock(data, fileSystem: fileSystem).release()
        let lane = MinuteLane(fileSystem: fileSystem, directory: data)
        for block in before { try lane.append(block) }
        try lane.sync()
        return fileSystem
    }

    private func runImport(_ fileSystem: SimulatedFileSystem) throws {
        let lock = try DataFolder.lock(data, fileSystem: fileSystem)
        defer { lock.release() }
        let state = try recover(fileSystem).report.minutes
        let transaction = try ImportTransaction(beginningIn: data, at: state, fileSystem: fileSystem)
        let lane = MinuteLane(fileSystem: fileSystem, directory: data, state: state)
        for block in imported { try lane.append(block) }
        try lane.sync()
        try transaction.commit()
    }

    private func blocks(_ fileSystem: SimulatedFileSystem) throws -> [MinuteBlock] {
        try DataFolder.lock(data, fileSystem: fileSystem).release()
        return try recover(fileSystem).calls.blocks
    }

    @Test("an import that ends is there, and leaves nothing behind")
    func whole() throws {
        let fileSystem = try prepared()
        try runImport(fileSystem)
        #expect(try blocks(fileSystem) == before + imported)
        #expect(fileSystem.files.keys.allSatisfy { !$0.contains("importing") })
        try runImport(fileSystem)
        #expect(try blocks(fileSystem) == before + imported + imported)
    }

    @Test("one that ends at any operation, by power loss or a kill, is there wholly or not at all, and can be made again")
    func anyOperation() throws {
        let clean = try prepared()
        let start = clean.operationCount
        try runImport(clean)
        let operations = clean.operationCount - start
        #expect(operations > 20)
        var undone = 0
        for operation in 1...operations {
            let killed = try prepared()
            killed.fail(operation: operation, with: .error(5), isPermanent: true)
            #expect(throws: (any Error).self, "operation \(operation)") { try runImport(killed) }
            killed.removeFaults()
            for (name, left) in [("kill", killed.copy()), ("power loss", killed.remainsAfterPowerLoss())] {
                let found = try blocks(left)
                #expect(found == before || found == before + imported, "\(name) at operation \(operation)")
                guard found == before else { continue }
                undone += 1
                try runImport(left)
                #expect(try blocks(left) == before + imported, "\(name) at operation \(operation), and again")
            }
        }
        #expect(undone > operations)
    }

    @Test("the undoing can be ended at any operation, too")
    func undoing() throws {
        let left = try prepared()
        let state = try recover(left).report.minutes
        _ = try ImportTransaction(beginningIn: data, at: state, fileSystem: left)
        let lane = MinuteLane(fileSystem: left, directory: data, state: state)
        for block in imported { try lane.append(block) }
        try lane.sync()
        let clean = left.copy()
        let start = clean.operationCount
        try DataFolder.lock(data, fileSystem: clean).release()
        let operations = clean.operationCount - start
        for operation in 1...operations {
            let killed = left.copy()
            killed.fail(operation: operation, with: .error(5), isPermanent: true)
            _ = try? DataFolder.lock(data, fileSystem: killed)
            killed.removeFaults()
            for rest in [killed.copy(), killed.remainsAfterPowerLoss()] {
                #expect(try blocks(rest) == before, "operation \(operation)")
            }
        }
    }

    @Test("a note that says nothing is left for somebody to look at")
    func damaged() throws {
        for text in ["", "dattss import 2\nfirst 1\n", "dattss import 1\nfirst x\n", "dattss import 1\nfirst 1"] {
            let fileSystem = try prepared()
            fileSystem.write(Array(text.utf8), to: data + "/importing")
            #expect(throws: LogError.self) { try DataFolder.lock(data, fileSystem: fileSystem) }
            #expect(try recover(fileSystem).calls.blocks == before)
        }
    }
}
