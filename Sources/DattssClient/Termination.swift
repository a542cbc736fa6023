import Dispatch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension Dattss {
    /// Lets SIGTERM and SIGINT end the program only after what was recorded has been sent, as ``stop(within:)`` does it.
    ///
    /// For programs that do nothing else about these signals; one that does calls ``stop(within:)`` at its end. A second
    /// signal ends the program at once, as does one that comes in the moment before this takes effect.
    public func stopOnTermination(within seconds: Double = 5) {
        stop(on: [SIGTERM, SIGINT], within: seconds) { number in
            // As if nobody had handled it, so that the exit status says what happened.
            signal(number, SIG_DFL)
            kill(getpid(), number)
        }
    }

    /// - Parameters:
    ///   - watching: called with each signal once it is watched.
    ///   - end: ends the program by the signal.
    func stop(
        on signals: [Int32], within seconds: Double, watching: @escaping @Sendable (Int32) -> Void = { _ in },
        end: @escaping @Sendable (Int32) -> Void
    ) {
        for number in signals {
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setRegistrationHandler {
                // Not before: a signal that came in between would be ignored, and never be heard of. On Linux, Dispatch
                // sets a handler of its own, which must stay.
                #if canImport(Darwin)
                    signal(number, SIG_IGN)
                #endif
                watching(number)
            }
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
            source.activate()
        }
    }
}
