import AllocationCounting

/// Prints, as JSON, what does not vary from machine to machine: how often a step of the hot path asks for memory, an item, and
/// how many bytes a live statistic keeps. For a release build, under `LD_PRELOAD=libAllocationCount.so`:
///
///     HotPath FOLDER STATISTICS          the folder is for the logs, and is left behind
@main
enum HotPath {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, let statistics = Int(arguments[2]), statistics > 0, AllocationCount.calls != nil else {
            print("expected LD_PRELOAD=libAllocationCount.so HotPath FOLDER STATISTICS")
            return
        }
        let allocations = HotPathStage.all.map { "\"\($0.name)\":\($0.allocations())" }
        var bytes: [String] = []
        for (number, statistic) in LiveStatisticCase.all.enumerated() {
            let folder = "\(arguments[1])/\(number)"
            bytes.append("\"\(statistic.name)\":\(try await statistic.bytes(of: statistics, in: folder).rounded())")
        }
        print("{\"allocations\":{\(allocations.joined(separator: ","))},\"bytes\":{\(bytes.joined(separator: ","))}}")
    }
}
