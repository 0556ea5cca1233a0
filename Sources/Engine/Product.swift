// SPDX-License-Identifier: Apache-2.0

/// What this is.
public enum Product {
    /// The version of the library, the service and the program (semantic versioning).
    public static let version = "0.1.0"
}
