import LibC

/// Errors as a server throws them.
enum ThrownErrors {
    /// The library of tests lets the runtime call it at every `throw`, and notes the calls that led there: that takes some hundred times as
    /// long as the error, and a server does not pay it. Here nobody is called.
    static func withoutBacktraces<Result>(_ body: () -> Result) -> Result {
        // (The runtime's own variables: a pointer to a function each, or nothing.)
        let hooks = ["_swift_willThrow", "_swift_willThrowTypedImpl"].compactMap { (name: String) in
            dlsym(nil, name)?.assumingMemoryBound(to: UnsafeRawPointer?.self)
        }
        let functions = hooks.map(\.pointee)
        for hook in hooks { hook.pointee = nil }
        defer { for (hook, function) in zip(hooks, functions) { hook.pointee = function } }
        return body()
    }
}
