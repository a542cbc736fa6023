import CZlib
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// The files of the dashboard, made ready once: each with its tag, and packed for those who accept that.
///
/// Ours are in the binary. The plot library is the distribution's, looked up when the server starts; without it the page
/// works, and says where plots would be how to get it.
struct DashboardFiles: Sendable {
    struct File: Sendable {
        let type: String
        let tag: String
        let plain: ByteBuffer
        /// nil where packing gains nothing.
        let packed: ByteBuffer?

        init(_ bytes: [UInt8], type: String) {
            self.type = type
            tag = "\"" + AuthKeys.hexadecimal(SHA256.hash(bytes).bytes.prefix(16)) + "\""
            plain = ByteBuffer(bytes: bytes)
            packed = Gzip.pack(bytes).flatMap { $0.count < bytes.count ? ByteBuffer(bytes: $0) : nil }
        }
    }

    let page: File
    let account: File
    /// Where links to boards lead.
    let shared: File
    /// What is shown where there is nothing.
    let missing: File
    /// By name, under `/assets/`.
    let assets: [String: File]

    static let plotLibrary = "dygraph.min.js"

    /// - Parameter plotDirectory: where ``plotLibrary`` lies.
    init(plotDirectory: String) {
        var files = Resources.dashboard
        if let library = FileManager.default.contents(atPath: plotDirectory + "/" + Self.plotLibrary) {
            files[Self.plotLibrary] = Array(library)
        }
        page = File(files.removeValue(forKey: "index.html") ?? [], type: Self.type(of: "index.html"))
        account = File(files.removeValue(forKey: "account.html") ?? [], type: Self.type(of: "account.html"))
        shared = File(files.removeValue(forKey: "shared.html") ?? [], type: Self.type(of: "shared.html"))
        missing = File(files.removeValue(forKey: "missing.html") ?? [], type: Self.type(of: "missing.html"))
        assets = Dictionary(uniqueKeysWithValues: files.map { ($0, File($1, type: Self.type(of: $0))) })
    }

    var hasPlotLibrary: Bool { assets[Self.plotLibrary] != nil }

    private static func type(of name: String) -> String {
        switch name.split(separator: ".").last {
        case "css": "text/css; charset=utf-8"
        case "html": "text/html; charset=utf-8"
        case "js": "text/javascript; charset=utf-8"
        case "svg": "image/svg+xml"
        default: "application/octet-stream"
        }
    }
}

/// The gzip format (RFC 1952), once and as small as zlib makes it.
private enum Gzip {
    static func pack(_ bytes: [UInt8]) -> [UInt8]? {
        var stream = z_stream()
        let size = CInt(MemoryLayout<z_stream>.size)
        guard deflateInit2_(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size) == Z_OK else {
            return nil
        }
        defer { deflateEnd(&stream) }
        var (source, packed) = (bytes, [UInt8](repeating: 0, count: Int(deflateBound(&stream, uLong(bytes.count)))))
        let status = source.withUnsafeMutableBufferPointer { source in
            packed.withUnsafeMutableBufferPointer { target in
                (stream.next_in, stream.avail_in) = (source.baseAddress, uInt(source.count))
                (stream.next_out, stream.avail_out) = (target.baseAddress, uInt(target.count))
                return deflate(&stream, Z_FINISH)
            }
        }
        return status == Z_STREAM_END ? Array(packed.prefix(Int(stream.total_out))) : nil
    }
}
