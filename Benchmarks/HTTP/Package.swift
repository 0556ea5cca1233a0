// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

// The servers that scripts/bench-http measures; its own package, since only this one needs NIO and Hummingbird.
let package = Package(
    name: "http-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "qevm", path: "../.."),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    ],
    targets: [
        .executableTarget(
            name: "nio-peer",
            dependencies: [
                .product(name: "Engine", package: "qevm"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            path: "Sources/nio"
        ),
        .executableTarget(
            name: "hummingbird-peer",
            dependencies: [
                .product(name: "Engine", package: "qevm"),
                .product(name: "Hummingbird", package: "hummingbird"),
            ],
            path: "Sources/hummingbird"
        ),
        .executableTarget(
            name: "sockets-peer",
            dependencies: [.product(name: "HTTP", package: "qevm")],
            path: "Sources/sockets"
        ),
    ],
    swiftLanguageModes: [.v6]
)
