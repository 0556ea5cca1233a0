// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

// libFuzzer brings `main`; the targets only export LLVMFuzzerTestOneInput. `scripts/fuzz` builds with
// `--sanitize fuzzer --sanitize address`, so that Engine is instrumented too.
let targets = ["FuzzJSON", "FuzzDocument", "FuzzDecode", "FuzzEncode", "FuzzContainer", "FuzzStream"]

let package = Package(
    name: "qevm-fuzz",
    dependencies: [.package(name: "qevm", path: "..")],
    targets: [
        .target(
            name: "FuzzChecks",
            dependencies: [
                .product(name: "Engine", package: "qevm"), .product(name: "Containers", package: "qevm"),
            ],
            swiftSettings: strict
        )
    ]
        + targets.map { name in
            .executableTarget(
                name: name,
                dependencies: ["FuzzChecks"],
                swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])]
            )
        },
    swiftLanguageModes: [.v6]
)
