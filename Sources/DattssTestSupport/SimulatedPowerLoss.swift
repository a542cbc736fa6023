internal import Synchronization

extension SimulatedFileSystem {
    /// What would be left if the power failed at this moment, as a disk of its own: whoever still runs on this one goes on
    /// undisturbed.
    ///
    /// - Parameter seed: see ``crash(tearingWith:)``.
    public func remainsAfterPowerLoss(tearingWith seed: UInt64? = nil) -> SimulatedFileSystem {
        let remains = SimulatedFileSystem(state.withLock { $0 })
        remains.crash(tearingWith: seed)
        return remains
    }
}
