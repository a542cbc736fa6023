/// The C library of the platform, under one name: every other module says `import LibC`.
#if canImport(Glibc)
    @_exported public import Glibc
#elseif canImport(Musl)
    @_exported public import Musl
#elseif canImport(Darwin)
    @_exported public import Darwin
#endif

/// What is at a path, without following a symbolic link: `S_IFREG`, `S_IFSOCK` and so on; nil when nothing is there.
///
/// It is here because the compiler does not say which module `stat` belongs to where several ones show the C library.
public func fileType(at path: String) -> mode_t? {
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
}
