package import DattssCore

/// A mark as a message of DogStatsD brought it.
package struct ReceivedMark: Sendable, Hashable {
    /// Whose it is.
    package var user: UserID
    package var mark: Mark
    /// What a service check says, which is only a mark if its status is another one than before.
    package var check: Check?

    package struct Check: Sendable, Hashable {
        package var name: String
        /// 0 is good, 1 a warning, 2 critical, 3 unknown.
        package var status: UInt8

        package init(name: String, status: UInt8) { (self.name, self.status) = (name, status) }
    }

    package init(user: UserID, mark: Mark, check: Check? = nil) {
        (self.user, self.mark, self.check) = (user, mark, check)
    }
}
