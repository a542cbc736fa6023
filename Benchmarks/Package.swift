// swift-tools-version: 6.2
import PackageDescription

// What measures the product, and is no part of it. `scripts/benchmarks` builds, tests and runs it in the folder of the product's
// own build, so that nothing is compiled twice.

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "dattss-benchmarks",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "dattss-bench", targets: ["DattssBench"]),
        .executable(name: "HotPath", targets: ["HotPath"]),
        .executable(name: "MovedBench", targets: ["MovedBench"]),
        .executable(name: "QueryBench", targets: ["QueryBench"]),
        .executable(name: "UsualBench", targets: ["UsualBench"]),
        // For LD_PRELOAD.
        .library(name: "AllocationCount", type: .dynamic, targets: ["CAllocationCount"]),
    ],
    dependencies: [
        .package(name: "dattss", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift.git", from: "0.2.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
    ],
    targets: [
        .target(name: "CAllocationCount"),
        .target(name: "CDatagramFloor"),
        .target(name: "CLoadSockets"),
        .target(
            name: "AllocationCounting",
            dependencies: [.product(name: "DattssInternals", package: "dattss")],
            swiftSettings: settings),
        .executableTarget(
            name: "HotPath",
            dependencies: ["AllocationCounting", .product(name: "DattssInternals", package: "dattss")],
            swiftSettings: settings),
        .executableTarget(
            name: "MovedBench",
            dependencies: [.product(name: "DattssInternals", package: "dattss")],
            swiftSettings: settings),
        .executableTarget(
            name: "QueryBench",
            dependencies: [.product(name: "DattssInternals", package: "dattss")],
            swiftSettings: settings),
        .executableTarget(
            name: "UsualBench",
            dependencies: [.product(name: "DattssInternals", package: "dattss")],
            swiftSettings: settings),
        .executableTarget(
            name: "DattssBench",
            dependencies: [
                "AllocationCounting", "CDatagramFloor", "CLoadSockets",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "DattssClient", package: "dattss"),
                .product(name: "DattssInternals", package: "dattss"),
                .product(name: "DattssServerInternals", package: "dattss"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "DattssBenchTests",
            dependencies: [
                "CDatagramFloor", "CLoadSockets", "DattssBench",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "DattssInternals", package: "dattss"),
            ],
            swiftSettings: settings),
    ]
)
