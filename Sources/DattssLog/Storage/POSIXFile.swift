import LibC
import Synchronization

/// An open file descriptor.
final class POSIXFile: File {
    let path: String
    private var descriptor: Int32

    init(_ path: String, _ descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close() }

    func size() throws(FileSystemError) -> Int {
        var status = stat()
        _ = try retrying(.size, path) { fstat(descriptor, &status) }
        return Int(status.st_size)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileSystemError) -> Int {
        while true {
            let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
            if count >= 0 { return count }
            let code = errno
            if code != EINTR { throw FileSystemError(.read, path, code: code) }
        }
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(FileSystemError) -> Int {
        while true {
            let count = write(descriptor, bytes.baseAddress, bytes.count)
            if count >= 0 { return count }
            let code = errno
            if code != EINTR { throw FileSystemError(.append, path, code: code) }
        }
    }

    func truncate(to size: Int) throws(FileSystemError) {
        _ = try retrying(.truncate, path) { ftruncate(descriptor, off_t(size)) }
    }

    func sync() throws(FileSystemError) {
        #if canImport(Darwin)
            // On Darwin only this reaches the medium.
            let result = fcntl(descriptor, F_FULLFSYNC)
        #else
            let result = fdatasync(descriptor)
        #endif
        guard result != -1 else { throw FileSystemError(.sync, path, code: errno) }
        // What was written is durable, but nobody will find it: somebody deleted the file, or its folder.
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_nlink > 0 else {
            throw FileSystemError(.sync, path, code: ENOENT)
        }
    }

    func close() {
        guard descriptor >= 0 else { return }
        // What was not synced before is not promised to anybody, so an error here has nobody to tell.
        _ = closeDescriptor(descriptor)
        descriptor = -1
    }
}

/// An `flock`: the kernel drops it with the last descriptor.
final class POSIXFileLock: FileLock {
    private let descriptor: Mutex<Int32>

    init(_ descriptor: Int32) { self.descriptor = Mutex(descriptor) }

    deinit { release() }

    func release() {
        descriptor.withLock { descriptor in
            if descriptor >= 0 { _ = closeDescriptor(descriptor) }
            descriptor = -1
        }
    }
}
