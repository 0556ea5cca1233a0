// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

// Its own package, so that the service does not inherit what measuring needs.
let package = Package(
    name: "benchmarks",
    dependencies: [.package(name: "qevm", path: "..")],
    targets: [.executableTarget(name: "codec", dependencies: [.product(name: "Engine", package: "qevm")])],
    swiftLanguageModes: [.v6]
)
