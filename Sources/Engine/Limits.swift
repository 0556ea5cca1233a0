// SPDX-License-Identifier: Apache-2.0

/// Every bound that the engine keeps, so that no input makes it use more than the caller allows.
public struct Limits: Sendable, Hashable {
    /// Arrays and objects open at once in a JSON text.
    public var jsonDepth = 256
    /// Descriptions inside each other while a stream is read or written.
    public var descriptionDepth = 64
    /// Bytes of an answer: the encoded stream, or the JSON of a decoded state.
    public var outputBytes = 512 << 20
    /// Words of eight bytes that a decoded state may take in memory.
    public var stateWords = 64 << 20
    /// Objects and elements of a stream that take no bytes, beside one for each byte of the stream.
    public var emptyElements = 1 << 16
    /// Fields and parts of predicates that are looked at while one stream is read or one state is written.
    public var steps = 1 << 25
    /// Members that the predicates and counters of a document refer to, counted for each description that they reach.
    public var references = 1 << 18
    /// How far ahead a reader of a whole stream may look: the longest section whose end nothing but its footer gives, and
    /// the longest vmdesc.
    public var streamWindow = 64 << 20
    /// Bytes of device sections of a whole stream that are kept to be decoded.
    public var heldBytes = 256 << 20
    /// Bytes of the hashes of guest pages when two streams are compared, 8 a page; and of the contents of pages that came as
    /// differences.
    public var pageHashBytes = 64 << 20
    /// Differences between two streams that are kept; further ones are counted.
    public var differences = 1 << 18

    /// Sections and commands of a whole stream that are listed, and RAM blocks.
    public var streamItems = 1 << 15
    /// Findings of a whole stream that are listed for one rule; how many more there were is said in one.
    public var findings = 100

    /// What applies when nothing else is said.
    public static let `default` = Limits()

    /// The default limits, to be changed one by one.
    public init() {}
}
