import Dispatch
import LibC

extension Dattss {
    /// Lets SIGTERM and SIGINT end the program only after what was recorded has been sent, as ``stop(within:)`` does it.
    ///
    /// For programs that do nothing else about these signals; one that does calls ``stop(within:)`` at its end. A second
    /// signal ends the program at once.
    public func stopOnTermination(within seconds: Double = 5) {
        stop(on: [SIGTERM, SIGINT], within: seconds) { number in
            // As if nobody had handled it, so that the exit status says what happened.
            signal(number, SIG_DFL)
            kill(getpid(), number)
        }
    }

    /// - Parameter end: ends the program by the signal.
    func stop(on signals: [Int32], within seconds: Double, end: @escaping @Sendable (Int32) -> Void) {
        let queue = DispatchQueue(label: "dattss.termination")
        for number in signals {
            #if canImport(Darwin)
                // Elsewhere Dispatch handles it, and one that is ignored until then would be lost.
                signal(number, SIG_IGN)
            #endif
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            // Keeps itself, and the client, for as long as the program runs.
            source.setEventHandler {
                withExtendedLifetime(source) {
                    for number in signals { signal(number, SIG_DFL) }
                    Task {
                        await self.stop(within: seconds)
                        end(number)
                    }
                }
            }
            // From the return on, no signal is missed.
            let isInPlace = DispatchSemaphore(value: 0)
            source.setRegistrationHandler { isInPlace.signal() }
            source.activate()
            isInPlace.wait()
        }
    }
}
