import CResources

/// The files that are part of the program.
enum Resources {
    /// All files of the dashboard, by name.
    static var dashboard: [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for index in 0..<dashboard_count() {
            let file = dashboard_file(index)
            files[String(cString: file.name)] = bytes(of: file)
        }
        return files
    }

    /// The description of the API, as OpenAPI has it.
    static var openAPI: [UInt8] { bytes(of: openapi_file()) }

    private static func bytes(of file: resource) -> [UInt8] {
        Array(UnsafeBufferPointer(start: file.bytes, count: file.size))
    }
}
