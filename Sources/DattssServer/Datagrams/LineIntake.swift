import DattssCore
import DattssPipeline

/// Hands to the pipeline what was collected of lines, from wherever they came.
struct LineIntake: Sendable {
    let pipeline: Pipeline
    let processes: ProcessRegistry
    let counters: DatagramCounters

    func take(_ collected: DatagramCollector.Collected) async {
        for process in collected.processes { processes.note(process.name, of: process.user) }
        for (user, batch) in collected.batches {
            let outcome = await pipeline.acceptFitting(batch, of: user)
            counters.note(outcome, partials: batch.partials.count)
        }
    }
}
