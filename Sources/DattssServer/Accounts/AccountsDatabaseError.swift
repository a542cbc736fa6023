import GRDB
import LibC

extension AccountError {
    /// Says what SQLite could not do with the file of the accounts.
    /// - Returns: nil for an error that is none of SQLite's.
    public init?(explaining error: any Error) {
        guard let error = error as? DatabaseError else { return nil }
        let path = "accounts.sqlite"
        let number: Int32? =
            switch error.resultCode {
            case .SQLITE_FULL: ENOSPC
            case .SQLITE_READONLY: EROFS
            case .SQLITE_PERM, .SQLITE_CANTOPEN, .SQLITE_AUTH: EACCES
            case .SQLITE_IOERR: EIO
            case .SQLITE_NOMEM: ENOMEM
            default: nil
            }
        if let number {
            self.init(.fileSystem, "\(error)", systemError: number, path: path)
            return
        }
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED: self.init(.fileSystem, "\(path) is in use by another program that does not let go of it")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            self.init(.badSecret, "\(path) is damaged: put it back from a backup, together with the file 'secret'")
        default: self.init(.fileSystem, "\(path): \(error)")
        }
    }
}
