import DattssLog

extension Retention {
    /// Nothing goes, however long a measurement is in simulated time.
    static var forEver: Retention { Retention(limits: Limits(minuteDays: 1 << 30, hourDays: 1 << 30)) }
}
