public import DattssCore

extension Pipeline {
    /// Forgets a deleted user, of whom nothing is accepted any more, and erases what the files hold. That takes some minutes;
    /// ``PipelineConfiguration/onErased`` tells when it is done.
    public func erase(_ user: UserID) async {
        directory.erase(user)
        await housekeeper.erase(user)
    }

    /// Instead of ``run()``, for a folder that no server uses: erases deleted users, seals everything that can be sealed, and
    /// closes the log.
    ///
    /// - Parameter deleted: those whom ``PipelineConfiguration/retention`` names.
    public func compact(erasing deleted: Set<UserID>, includingToday: Bool) async -> HousekeepingReport {
        await housekeeper.beginCompaction()
        for user in deleted.sorted() { await erase(user) }
        finish()
        await runStages()
        await housekeeper.pass(minuteWriter, includingToday: includingToday)
        await housekeeper.noteTime()
        return await housekeeper.report
    }
}
