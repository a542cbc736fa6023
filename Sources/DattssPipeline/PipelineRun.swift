extension Pipeline {
    /// Runs until ``finish()`` was called and everything that was taken in is on disk.
    public func run() async {
        async let housekeeping: Void = housekeeper.run(minuteWriter)
        await runStages()
        housekeeper.finish()
        await housekeeping
        await housekeeper.noteTime()
    }

    /// Each stage ends when the one before it has ended and what was handed on is done.
    func runStages() async {
        await withTaskGroup { clockwork in
            clockwork.addTask { await self.roller.watchClock() }
            clockwork.addTask { await self.acceptedWriter.syncEverySecond() }
            async let aggregating: Void = directory.run()
            async let assembling: Void = roller.run()
            async let writing: Void = minuteWriter.run()
            async let watching: Void = unusual.run()
            await acceptedWriter.run()
            directory.finish()
            await aggregating
            links.rolling.finish()
            await assembling
            links.minutes.finish()
            await writing
            unusual.finish()
            await watching
            clockwork.cancelAll()
        }
    }

    /// The end is near: a minute that cannot be written now no longer holds up anybody who has to come to an end first. The
    /// accepted lane still has everything of it.
    public func prepareToFinish() {
        minuteWriter.stopRetrying()
        unusual.finish()
    }

    /// Takes in nothing more, and lets ``run()`` come to its end.
    public func finish() {
        links.writeAhead.finish()
        minuteWriter.stopRetrying()
    }
}
