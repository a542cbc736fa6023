import DattssPipeline
import ServiceLifecycle

/// Ends first, and says so to the pipeline.
struct EndOfRetries: Service {
    let pipeline: Pipeline

    func run() async throws {
        // (A cancellation has the same meaning.)
        try? await gracefulShutdown()
        pipeline.prepareToFinish()
    }
}

/// Runs the pipeline until the services in front of it have ended.
struct PipelineService: Service {
    let pipeline: Pipeline

    func run() async throws {
        await withGracefulShutdownHandler {
            await withTaskCancellationHandler {
                // Cancellation would throw away what is queued; the pipeline ends when it has written that down.
                await Task { await pipeline.run() }.value
            } onCancel: {
                pipeline.finish()
            }
        } onGracefulShutdown: {
            pipeline.finish()
        }
    }
}
