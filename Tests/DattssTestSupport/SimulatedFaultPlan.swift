internal import DattssLog

/// Which calls are to fail, and how; and which calls there were.
struct FaultPlan {
    private(set) var operationCount = 0
    private(set) var countByOperation: [FileSystemError.Operation: Int] = [:]
    /// Every call since recording began; nil when nobody asked for it.
    var trace: [FileSystemError.Operation]?
    private var faults: [Fault] = []

    struct Fault {
        /// nil for every one.
        var operation: FileSystemError.Operation?
        var effect: SimulatedFileSystem.Effect
        /// How many calls are still to succeed before.
        var delay: Int
        /// How many calls are to fail then.
        var times: Int
    }

    mutating func add(_ fault: Fault) { faults.append(fault) }
    mutating func removeAll() { faults = [] }

    /// Counts a call, and says how it fails.
    mutating func next(_ operation: FileSystemError.Operation) -> SimulatedFileSystem.Effect? {
        operationCount += 1
        countByOperation[operation, default: 0] += 1
        trace?.append(operation)
        var effect: SimulatedFileSystem.Effect?
        for index in faults.indices where faults[index].operation.map({ $0 == operation }) ?? true {
            if faults[index].delay > 0 {
                faults[index].delay -= 1
            } else if faults[index].times > 0 {
                effect = effect ?? faults[index].effect
                faults[index].times -= 1
            }
        }
        return effect
    }
}
