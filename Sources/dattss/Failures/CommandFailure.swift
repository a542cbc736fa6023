/// Why a command could not do what it was asked to, in words for whoever typed it, and with the way out where there is one.
///
///     127.0.0.1:3002 is taken by another program; try --http 127.0.0.1:3003
struct CommandFailure: Error, Hashable, CustomStringConvertible {
    /// With what the program ends: the codes of sysexits.h that say something.
    enum Code: Int32, Sendable {
        /// What was read is not what it should be.
        case data = 65
        /// A file or folder to read is not there.
        case noInput = 66
        case noUser = 67
        case noHost = 68
        /// Something that has to be there for it, a port, a server or a folder, cannot be had now.
        case unavailable = 69
        /// The system has no more of something.
        case system = 71
        /// A file or folder cannot be made.
        case cannotCreate = 73
        /// A disk or a connection failed, or is full.
        case inputOutput = 74
        case noPermission = 77
        /// A configuration file does not say what it should.
        case configuration = 78
    }

    let code: Code
    let problem: String
    /// What to do about it.
    let wayOut: String?

    init(_ code: Code, _ problem: String, _ wayOut: String? = nil) {
        self.code = code
        self.problem = problem
        self.wayOut = wayOut
    }

    var description: String { wayOut.map { "\(problem); \($0)" } ?? problem }
}
