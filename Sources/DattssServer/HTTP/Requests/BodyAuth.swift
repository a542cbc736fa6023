import DattssCore
import DattssPipeline

/// The `auth` of a body, as the original's server reads it when neither the query nor a header has a key.
enum BodyAuth {
    /// A body of somebody who is not known yet is read up to here: thousands of statistics of an old client.
    static let bytesMax = 65_536

    /// - Throws: `unauthorized` without one, and with two, of which nobody can tell which is meant; and what is wrong with a body that is no object.
    static func key(in body: UnsafeRawBufferPointer) throws(WireError) -> String {
        var key: String?
        try JSONCursor.read(body) { (cursor) throws(WireError) in
            // A batch may be large, and says itself what it has twice.
            var isThere = false
            try cursor.members { (name, cursor) throws(WireError) in
                if name == "auth" {
                    guard !isThere else { throw WireError(.unauthorized, "auth: is there twice") }
                    isThere = true
                    if !cursor.takeNull() { key = try located("auth") { () throws(WireError) in try cursor.string() } }
                } else {
                    try cursor.skipValue()
                }
            }
        }
        guard let key else { throw .noKey }
        return key
    }
}
