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
    /// What is shown where there is nothing.
    let missing: File
    /// By name, under `/assets/`.
    let assets: [String: File]

    static let plotLibrary = "dygraph.min.js"

    /// - Parameter plotDirectory: where ``plotLibrary`` lies.
    init(plotDirectory: String) {
        page = File(PackageResources.index_html, type: "text/html; charset=utf-8")
        account = File(PackageResources.account_html, type: "text/html; charset=utf-8")
        missing = File(PackageResources.missing_html, type: "text/html; charset=utf-8")
        let script = "text/javascript; charset=utf-8"
        var assets = Self.scripts.mapValues { File($0, type: script) }
        for (name, bytes) in Self.styles { assets[name] = File(bytes, type: "text/css; charset=utf-8") }
        assets["icon.svg"] = File(PackageResources.icon_svg, type: "image/svg+xml")
        if let library = FileManager.default.contents(atPath: plotDirectory + "/" + Self.plotLibrary) {
            assets[Self.plotLibrary] = File(Array(library), type: script)
        }
        self.assets = assets
    }

    var hasPlotLibrary: Bool { assets[Self.plotLibrary] != nil }

    private static let styles = [
        "account.css": PackageResources.account_css,
        "dashboard.css": PackageResources.dashboard_css,
        "theme.css": PackageResources.theme_css,
    ]

    private static let scripts = [
        "account.js": PackageResources.account_js,
        "api.js": PackageResources.api_js,
        "axis.js": PackageResources.axis_js,
        "comparison.js": PackageResources.comparison_js,
        "connection.js": PackageResources.connection_js,
        "dashboard.js": PackageResources.dashboard_js,
        "days.js": PackageResources.days_js,
        "divider.js": PackageResources.divider_js,
        "dom.js": PackageResources.dom_js,
        "drawing.js": PackageResources.drawing_js,
        "favourites.js": PackageResources.favourites_js,
        "format.js": PackageResources.format_js,
        "keys.js": PackageResources.keys_js,
        "landing.js": PackageResources.landing_js,
        "names.js": PackageResources.names_js,
        "now.js": PackageResources.now_js,
        "paths.js": PackageResources.paths_js,
        "plot.js": PackageResources.plot_js,
        "plots.js": PackageResources.plots_js,
        "processes.js": PackageResources.processes_js,
        "rewritten.js": PackageResources.rewritten_js,
        "sparklines.js": PackageResources.sparklines_js,
        "start.js": PackageResources.start_js,
        "statistics.js": PackageResources.statistics_js,
        "suggestions.js": PackageResources.suggestions_js,
        "summary.js": PackageResources.summary_js,
        "tree.js": PackageResources.tree_js,
        "units.js": PackageResources.units_js,
        "usual.js": PackageResources.usual_js,
        "view.js": PackageResources.view_js,
    ]
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
