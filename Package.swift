// swift-tools-version: 6.2
import PackageDescription

/// Our own targets: Swift 6 language mode, and imports that say what they re-export.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "dattss",
    // Only Linux is supported and tested. For whoever tries the libraries elsewhere: from here on Synchronization is there.
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "dattss", targets: ["dattss"]),
        .library(name: "DattssClient", targets: ["DattssClient"]),
        .library(name: "DattssMetrics", targets: ["DattssMetrics"]),
        // For Benchmarks/, a package of its own; nobody else is promised anything about what is in them.
        .library(
            name: "DattssInternals",
            targets: ["DattssCore", "DattssLog", "DattssPipeline", "DattssQuery", "DattssTestSupport", "LibC"]),
        .library(name: "DattssServerInternals", targets: ["DattssImport", "DattssServer"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.35.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.30.0"),
        .package(url: "https://github.com/apple/swift-system.git", from: "1.8.0"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(
            url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.0", traits: []),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.0"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-docc-plugin.git", from: "1.5.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess.git", from: "1.0.2", traits: []),
    ],
    targets: [
        // In the order of the data path: imports only point up this list.
        .systemLibrary(name: "CZstd", path: "Sources/C/Zstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CZlib", path: "Sources/C/Zlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CCurl", path: "Sources/C/Curl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CCrypto", path: "Sources/C/Crypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .target(name: "CPlatform", path: "Sources/C/Platform"),
        .target(name: "CResources", path: "Sources/C/Resources"),
        .target(name: "LibC", swiftSettings: settings),
        .target(name: "DattssCore", dependencies: ["CPlatform", "LibC"], swiftSettings: settings),
        .target(
            name: "DattssLog",
            dependencies: ["CPlatform", "CZstd", "DattssCore", "LibC"],
            swiftSettings: settings),
        .target(
            name: "DattssPipeline",
            dependencies: [
                "CPlatform", "DattssCore", "DattssLog", "LibC",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        .target(name: "DattssQuery", dependencies: ["DattssCore", "LibC"], swiftSettings: settings),
        .target(
            name: "DattssImport",
            dependencies: ["CZlib", "DattssCore", "DattssLog", "LibC"],
            swiftSettings: settings),
        .target(
            name: "DattssServer",
            dependencies: [
                "CCrypto", "CCurl", "CPlatform", "CResources", "CZlib", "CZstd", "DattssCore", "DattssLog", "DattssPipeline",
                "DattssQuery", "LibC",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            // CResources carries these.
            exclude: ["Dashboard", "Resources"],
            swiftSettings: settings),
        .target(
            name: "DattssClient",
            dependencies: [
                "DattssCore", "LibC",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: settings),
        .target(
            name: "DattssMetrics",
            dependencies: [
                "DattssClient",
                .product(name: "CoreMetrics", package: "swift-metrics"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "Mixture",
            dependencies: ["DattssClient"],
            path: "Tests/Clients/programs/Mixture",
            swiftSettings: settings),
        .executableTarget(
            name: "dattss",
            dependencies: [
                "CPlatform", "DattssClient", "DattssCore", "DattssImport", "DattssLog", "DattssPipeline", "DattssServer",
                "LibC",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: settings),
        .target(
            name: "DattssTestSupport",
            dependencies: ["DattssCore", "DattssLog", "LibC"],
            path: "Tests/DattssTestSupport",
            swiftSettings: settings),

        .testTarget(
            name: "DattssCoreTests",
            dependencies: ["DattssCore", "DattssTestSupport", "LibC"],
            swiftSettings: settings),
        .testTarget(
            name: "DattssLogTests",
            dependencies: ["DattssCore", "DattssLog", "DattssTestSupport", "LibC"],
            swiftSettings: settings),
        .testTarget(
            name: "DattssPipelineTests",
            dependencies: ["CPlatform", "DattssCore", "DattssLog", "DattssPipeline", "DattssTestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "DattssQueryTests",
            dependencies: ["DattssCore", "DattssQuery"],
            swiftSettings: settings),
        .testTarget(
            name: "DattssServerTests",
            dependencies: [
                "CZlib", "DattssCore", "DattssLog", "DattssPipeline", "DattssQuery", "DattssServer", "DattssTestSupport", "LibC",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "DattssClientTests",
            dependencies: [
                "DattssClient", "DattssCore", "DattssTestSupport", "LibC",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "DattssMetricsTests",
            dependencies: [
                "DattssClient", "DattssCore", "DattssMetrics", "DattssTestSupport",
                .product(name: "Metrics", package: "swift-metrics"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "DattssCommandTests",
            dependencies: [
                "dattss", "CPlatform", "CZlib", "DattssCore", "DattssImport", "DattssLog", "DattssPipeline", "DattssServer",
                "DattssTestSupport", "LibC",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "DattssEndToEndTests",
            dependencies: [
                "dattss", "DattssClient", "DattssCore", "DattssTestSupport", "CZlib", "CZstd",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
    ]
)
