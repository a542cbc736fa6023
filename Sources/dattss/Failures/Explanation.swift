import DattssClient
import DattssImport
import DattssLog
import DattssServer
import FoundationEssentials
import LibC

extension CommandFailure {
    /// Says what a command threw in words that need no knowledge of the kernel or of the program.
    init(explaining error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let error as FileSystemError: self.init(error)
        case let error as LogError: self.init(error)
        case let error as AccountError: self.init(error)
        case let error as ServerStartError: self.init(error)
        case let error as LineFileError: self.init(error)
        case let error as DeliveryError: self.init(.unavailable, error.description)
        case let error as ReplayFailure: self.init(.inputOutput, error.description)
        case let error as CocoaError: self.init(error)
        default:
            if let problem = ConnectionProblem(error) {
                self.init(problem, at: "the server")
            } else if let error = AccountError(explaining: error) {
                self.init(error)
            } else {
                self.init(.inputOutput, "\(error)")
            }
        }
    }

    /// A call of the system that failed.
    init(errno code: Int32, path: String, isCreating: Bool = false) {
        switch code {
        case EACCES, EPERM:
            self.init(
                .noPermission, "no permission for \(path)", "run it as the user whose files these are, or give that user the right")
        case EROFS: self.init(.noPermission, "\(path) is on a file system that can only be read")
        case ENOSPC, EDQUOT:
            self.init(.inputOutput, "the disk is full: \(path) cannot be written", "free some space and run it again")
        case ENOENT where isCreating: self.init(.cannotCreate, "\(path) cannot be made, its folder does not exist")
        case ENOENT: self.init(.noInput, "there is no \(path)")
        case EISDIR: self.init(.noInput, "\(path) is a folder, not a file")
        case ENOTDIR where !isCreating: self.init(.noInput, "there is no \(path): a part of it is a file, not a folder")
        case ENOTDIR, EEXIST: self.init(.cannotCreate, "\(path) cannot be made: a file is in its way")
        case ENOTEMPTY: self.init(.cannotCreate, "\(path) is not empty", "name a folder that is empty, or not there yet")
        case ENAMETOOLONG: self.init(.cannotCreate, "the name \(path) is too long for the system")
        case EMFILE, ENFILE:
            self.init(.system, "too many files are open to open \(path), too", "allow more of them with 'ulimit -n'")
        case ENOMEM: self.init(.system, "the system has no memory left for \(path)")
        case EIO: self.init(.inputOutput, "the disk cannot read or write \(path)", "the system's log ('dmesg') may say why")
        default: self.init(.inputOutput, "\(path): \(String(cString: strerror(code)))")
        }
    }

    private init(_ error: FileSystemError) {
        if error.isLockedByAnother {
            self.init(folderInUse: FileSystemPlace.folder(ofLock: error.path))
        } else {
            let isCreating = error.operation == .createDirectory || error.operation == .append || error.operation == .lock
            self.init(errno: error.code, path: error.path, isCreating: isCreating)
        }
    }

    /// Another server, or a command that writes to the log, has the folder.
    init(folderInUse folder: String) {
        let server = AddressFile(folder).read().map { " (\($0))" } ?? ""
        self.init(
            .unavailable, "a server runs on \(folder)\(server), or another command writes to it",
            "end it first, or name another folder with --data-dir")
    }

    private init(_ error: LogError) {
        if let error = error.fileSystemError {
            self.init(error)
        } else if error.code == .unanswered || error.code == .refused {
            self.init(.unavailable, "\(error)")
        } else if error.code == .unsupportedVersion {
            self.init(.data, "\(error)", "it was written by a later version of dattss: use that one")
        } else {
            self.init(.data, "\(error)", "'dattss log verify' says what is damaged, 'dattss log repair' saves the rest")
        }
    }

    private init(_ error: AccountError) {
        if let code = error.systemError {
            self.init(errno: code, path: error.path ?? "the accounts", isCreating: true)
            return
        }
        switch error.code {
        case .unknown: self.init(.noUser, error.description)
        case .exists: self.init(.cannotCreate, error.description)
        case .fileSystem: self.init(.inputOutput, error.description)
        case .unavailable, .unconfirmed: self.init(.unavailable, error.description)
        default: self.init(.data, error.description)
        }
    }

    private init(_ error: ServerStartError) {
        let code: Code =
            switch error.code {
            case .noSuchUser: .noUser
            case .noSuchHost: .noHost
            case .inUse, .notOfThisMachine: .unavailable
            case .noPermission: .noPermission
            case .cannotListen: .system
            case .unreadable: .noInput
            case .badCertificate: .data
            case .badStream: .unavailable
            // As one ends that is replaced while it serves.
            case .replaced: .inputOutput
            }
        self.init(code, error.problem, error.wayOut)
    }

    private init(_ error: LineFileError) {
        if let code = error.systemError {
            self.init(errno: code, path: error.path)
        } else {
            self.init(.data, error.description)
        }
    }

    /// What Foundation's functions about files throw.
    private init(_ error: CocoaError) {
        let path = error.filePath ?? error.url?.path ?? "a file"
        let number: Int32? =
            switch error.code {
            case .fileNoSuchFile, .fileReadNoSuchFile: ENOENT
            case .fileReadNoPermission, .fileWriteNoPermission: EACCES
            case .fileWriteOutOfSpace: ENOSPC
            case .fileWriteVolumeReadOnly: EROFS
            case .fileWriteFileExists: EEXIST
            default: nil
            }
        if let number { self.init(errno: number, path: path) } else { self.init(.inputOutput, "\(path): \(error)") }
    }

    init(_ problem: ConnectionProblem, at place: String) {
        switch problem {
        case .refused:
            self.init(.unavailable, "no server answers at \(place): nothing listens there", "'dattss serve' starts one")
        case .noSuchHost(let host): self.init(.noHost, "there is no host '\(host)'")
        case .silent: self.init(.unavailable, "no server answers at \(place) in time")
        case .unreachable: self.init(.unavailable, "\(place) cannot be reached from here")
        case .noTLS(let reason):
            let wayOut =
                reason.contains("certificate")
                ? "name the server as its certificate does, with --url and --auth" : "is it http:// there, and not https://?"
            self.init(.unavailable, "no secure connection to \(place): \(reason)", wayOut)
        case .notHTTP:
            self.init(.unavailable, "what listens at \(place) does not speak HTTP", "is it the address of a DaTtSs server?")
        case .broken: self.init(.unavailable, "\(place) closed the connection", "is it a DaTtSs server?")
        case .badAddress: self.init(.data, "\(place) is no address", "expected http://HOST:PORT or https://HOST:PORT")
        }
    }
}

enum FileSystemPlace {
    /// The data folder of the file by which it is locked.
    static func folder(ofLock path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? path
    }
}
