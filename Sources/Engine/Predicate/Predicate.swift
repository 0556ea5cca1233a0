// SPDX-License-Identifier: Apache-2.0

/// An expression in C's operators over the members of a state: what `needed` and `field_exists` are in QEMU.
public struct Predicate: Sendable, Hashable {
    indirect enum Node: Sendable, Hashable {
        case literal(CInteger)
        case member(MemberPath)
        case unary(UnaryOperator, Node)
        case binary(BinaryOperator, Node, Node)
        case conditional(Node, Node, Node)
    }

    enum UnaryOperator: Sendable, Hashable {
        case not, complement, negate, plus
    }

    enum BinaryOperator: Sendable, Hashable {
        case multiply, divide, remainder, add, subtract, shiftLeft, shiftRight
        case less, lessOrEqual, greater, greaterOrEqual, equal, notEqual
        case and, xor, or, logicalAnd, logicalOr
    }

    /// Why a text is not an expression.
    public struct SyntaxError: Error, Sendable, Hashable {
        /// The byte of the text at which it stops to be one.
        public let offset: Int
        /// What could stand there.
        public let expected: String
    }

    /// The expression as it was written.
    public let text: String
    let root: Node

    /// Reads an expression.
    public init(_ text: String) throws(SyntaxError) {
        self.text = text
        var parser = PredicateParser(text)
        root = try parser.parse()
    }

    /// A constant.
    init(constant value: Int64) {
        text = String(value)
        root = .literal(CInteger(value))
    }

    /// The members and functions that the expression names, `version_id` not among them.
    var names: [MemberPath] {
        var found: [MemberPath] = []
        func collect(_ node: Node) {
            switch node {
            case .literal: break
            case .member(let path): if path.text != Self.versionName { found.append(path) }
            case .unary(_, let operand): collect(operand)
            case .binary(_, let left, let right):
                collect(left)
                collect(right)
            case .conditional(let condition, let yes, let no):
                collect(condition)
                collect(yes)
                collect(no)
            }
        }
        collect(root)
        return found
    }

    /// The value of an expression that is only a number.
    var constant: CInteger? {
        if case .literal(let value) = root { value } else { nil }
    }

    /// The name that stands for the version being saved or loaded.
    static let versionName = "version_id"
}

/// A 64-bit integer with C's usual conversions: an operation with an unsigned operand is unsigned.
struct CInteger: Sendable, Hashable {
    let bits: UInt64
    let isUnsigned: Bool

    init(bits: UInt64, isUnsigned: Bool) {
        self.bits = bits
        self.isUnsigned = isUnsigned
    }

    init(_ value: Int64) {
        self.init(bits: UInt64(bitPattern: value), isUnsigned: false)
    }

    init(_ value: Bool) {
        self.init(value ? 1 : 0)
    }

    /// Values up to 2^63 − 1 count as signed, as C's literals do.
    init(_ value: JSONInteger) {
        if let signed = value.asInt64 {
            self.init(signed)
        } else {
            self.init(bits: value.magnitude, isUnsigned: true)
        }
    }

    var isTrue: Bool { bits != 0 }
    var signed: Int64 { Int64(bitPattern: bits) }
}
