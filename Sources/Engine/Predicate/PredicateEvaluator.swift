// SPDX-License-Identifier: Apache-2.0

/// Computes predicates on an object.
struct PredicateEvaluator {
    /// Why there is no value.
    enum Failure: Error {
        /// Neither given nor a member.
        case unresolved(String)
        /// Division by zero, a shift by 64 or more, or names that need each other.
        case undefined(String)
    }

    /// What the caller gives by name: predicates and constants.
    let given: [String: Predicate]
    let version: Int
    /// Nodes visited.
    ///
    /// Predicates may name each other, so a short text can stand for endless work.
    private(set) var visited = 0
    /// Nodes that are being computed, each inside the one before.
    private var level = 0

    private static let maximumVisits = 10_000
    private static let maximumLevel = 512

    init(given: [String: Predicate], version: Int) {
        self.given = given
        self.version = version
    }

    /// The value of `predicate`; `member` reads a member of the object, nil when there is none.
    mutating func value(
        of predicate: Predicate,
        _ member: (MemberPath) -> CInteger?
    ) throws(Failure) -> CInteger {
        try value(predicate.root, depth: 0, member)
    }

    private mutating func value(
        _ node: Predicate.Node,
        depth: Int,
        _ member: (MemberPath) -> CInteger?
    ) throws(Failure) -> CInteger {
        visited += 1
        guard visited <= Self.maximumVisits else { throw .undefined("the predicates need too many steps") }
        level += 1
        defer { level -= 1 }
        guard level <= Self.maximumLevel else { throw .undefined("the predicates nest too deeply") }
        switch node {
        case .literal(let value): return value
        case .member(let path):
            if path.text == Predicate.versionName { return CInteger(Int64(version)) }
            if let predicate = given[path.text] {
                guard depth < 16 else { throw .undefined("\(path.text) needs itself") }
                return try value(predicate.root, depth: depth + 1, member)
            }
            guard let value = member(path) else { throw .unresolved(path.text) }
            return value
        case .unary(let symbol, let operand):
            let value = try value(operand, depth: depth, member)
            switch symbol {
            case .not: return CInteger(!value.isTrue)
            case .complement: return CInteger(bits: ~value.bits, isUnsigned: value.isUnsigned)
            case .negate: return CInteger(bits: 0 &- value.bits, isUnsigned: value.isUnsigned)
            case .plus: return value
            }
        case .binary(.logicalAnd, let left, let right):
            guard try value(left, depth: depth, member).isTrue else { return CInteger(false) }
            return CInteger(try value(right, depth: depth, member).isTrue)
        case .binary(.logicalOr, let left, let right):
            if try value(left, depth: depth, member).isTrue { return CInteger(true) }
            return CInteger(try value(right, depth: depth, member).isTrue)
        case .binary(let symbol, let left, let right):
            return try apply(
                symbol,
                try value(left, depth: depth, member),
                try value(right, depth: depth, member)
            )
        case .conditional(let condition, let yes, let no):
            return try value(
                try value(condition, depth: depth, member).isTrue ? yes : no,
                depth: depth,
                member
            )
        }
    }

    private func apply(
        _ symbol: Predicate.BinaryOperator,
        _ left: CInteger,
        _ right: CInteger
    ) throws(Failure) -> CInteger {
        let isUnsigned = left.isUnsigned || right.isUnsigned
        func result(_ bits: UInt64) -> CInteger { CInteger(bits: bits, isUnsigned: isUnsigned) }
        func compare(_ unsigned: (UInt64, UInt64) -> Bool, _ signed: (Int64, Int64) -> Bool) -> CInteger {
            CInteger(isUnsigned ? unsigned(left.bits, right.bits) : signed(left.signed, right.signed))
        }
        switch symbol {
        case .multiply: return result(left.bits &* right.bits)
        case .add: return result(left.bits &+ right.bits)
        case .subtract: return result(left.bits &- right.bits)
        case .and: return result(left.bits & right.bits)
        case .or: return result(left.bits | right.bits)
        case .xor: return result(left.bits ^ right.bits)
        case .equal: return CInteger(left.bits == right.bits)
        case .notEqual: return CInteger(left.bits != right.bits)
        case .less: return compare(<, <)
        case .lessOrEqual: return compare(<=, <=)
        case .greater: return compare(>, >)
        case .greaterOrEqual: return compare(>=, >=)
        case .divide, .remainder:
            guard right.bits != 0 else { throw .undefined("division by zero") }
            let isQuotient = symbol == .divide
            if isUnsigned { return result(isQuotient ? left.bits / right.bits : left.bits % right.bits) }
            let (quotient, overflow) = left.signed.dividedReportingOverflow(by: right.signed)
            guard !overflow else { throw .undefined("division overflows") }
            return CInteger(isQuotient ? quotient : left.signed % right.signed)
        case .shiftLeft, .shiftRight:
            guard right.bits < 64 else { throw .undefined("shift by 64 bits or more") }
            // A shift has the type of its left operand.
            if symbol == .shiftLeft { return CInteger(bits: left.bits << right.bits, isUnsigned: left.isUnsigned) }
            return left.isUnsigned
                ? CInteger(bits: left.bits >> right.bits, isUnsigned: true) : CInteger(left.signed >> right.signed)
        // Both are settled before their right side is computed.
        case .logicalAnd, .logicalOr: return CInteger(left.isTrue && right.isTrue)
        }
    }
}
