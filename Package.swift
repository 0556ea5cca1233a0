// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let strict: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "qevm",
    products: [
        .library(name: "Engine", targets: ["Engine"]),
        .library(name: "Containers", targets: ["Containers"]),
        .library(name: "HTTP", targets: ["HTTP"]),
        .executable(name: "qevm", targets: ["qevm"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ],
    targets: [
        .target(name: "Engine", swiftSettings: strict),
        .systemLibrary(name: "CEpoll", path: "Sources/HTTP/CEpoll"),
        .target(name: "HTTP", dependencies: ["CEpoll"], exclude: ["CEpoll"], swiftSettings: strict),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "Compression", dependencies: ["CZlib"], swiftSettings: strict),
        .target(name: "Containers", dependencies: ["Engine", "Compression"], swiftSettings: strict),
        .target(
            name: "Server",
            dependencies: [
                "Engine", "Containers", "Compression", "HTTP", "CEpoll",
                .product(name: "Logging", package: "swift-log"),
            ],
            resources: [.embedInCode("Resources/openapi.yaml")],
            swiftSettings: strict
        ),
        .systemLibrary(name: "CMalloc", path: "Sources/qevm/CMalloc"),
        .executableTarget(
            name: "qevm",
            dependencies: [
                "Engine", "Containers", "HTTP", "Server", "CMalloc", .product(name: "Logging", package: "swift-log"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            exclude: ["CMalloc"],
            swiftSettings: strict
        ),
        .target(
            name: "TestSupport",
            dependencies: ["Engine"],
            path: "Tests/TestSupport",
            exclude: ["Fixtures"],
            swiftSettings: strict
        ),
        .testTarget(name: "EngineTests", dependencies: ["Engine", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "ContainersTests",
            dependencies: ["Containers", "Compression", "Engine", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(name: "HTTPTests", dependencies: ["HTTP", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "ServerTests",
            dependencies: [
                "Server", "Compression", "Containers", "TestSupport", .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .testTarget(name: "CommandTests", dependencies: ["qevm", "TestSupport"], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
