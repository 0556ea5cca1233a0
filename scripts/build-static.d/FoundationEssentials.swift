// SPDX-License-Identifier: Apache-2.0

// What swift-argument-parser takes from Foundation, for scripts/build-static: docs/decisions, static program.

/// Of this argument-parser asks whether an error has words of its own; none of qevm's errors is one.
public protocol LocalizedError: Error {
    /// What went wrong.
    var errorDescription: String? { get }
}

/// The result of an encoder that has none.
public struct Data: Sendable {}

/// Encodes nothing: the hidden `--experimental-dump-help`, for tools that write manuals, prints an empty line.
public final class JSONEncoder {
    /// How the JSON would look.
    public struct OutputFormatting: OptionSet, Sendable {
        /// The bits.
        public let rawValue: UInt

        /// The options of these bits.
        public init(rawValue: UInt) {
            self.rawValue = rawValue
        }

        /// With line ends and spaces.
        public static let prettyPrinted = Self(rawValue: 1)
        /// With members in the order of their names.
        public static let sortedKeys = Self(rawValue: 2)
    }

    /// There is no encoder here.
    public struct Unavailable: Error {}

    /// How the JSON would look.
    public var outputFormatting: OutputFormatting = []

    /// An encoder.
    public init() {}

    /// Throws.
    public func encode(_ value: some Encodable) throws(Unavailable) -> Data {
        throw Unavailable()
    }
}

extension String {
    /// The encoding that is asked for.
    public struct Encoding: Sendable {
        /// UTF-8.
        public static let utf8 = Encoding()
    }

    /// Nil, since there is nothing in it.
    public init?(data: Data, encoding: Encoding) {
        return nil
    }
}
