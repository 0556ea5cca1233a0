// SPDX-License-Identifier: Apache-2.0

/// Reads a predicate by C's precedence.
struct PredicateParser {
    private var lexer: PredicateLexer
    private var token = PredicateLexer.Token.end
    private var depth = 0
    private var operators = 0

    /// Parentheses, prefixes and conditions inside each other.
    private static let maximumDepth = 64
    private static let maximumOperators = 256

    /// The binary operators with their precedence in C, higher binds tighter.
    private static let binaryOperators: [String: (precedence: Int, operator: Predicate.BinaryOperator)] = [
        "*": (10, .multiply), "/": (10, .divide), "%": (10, .remainder), "+": (9, .add), "-": (9, .subtract),
        "<<": (8, .shiftLeft), ">>": (8, .shiftRight), "<": (7, .less), "<=": (7, .lessOrEqual), ">": (7, .greater),
        ">=": (7, .greaterOrEqual), "==": (6, .equal), "!=": (6, .notEqual), "&": (5, .and), "^": (4, .xor),
        "|": (3, .or), "&&": (2, .logicalAnd), "||": (1, .logicalOr),
    ]

    init(_ text: String) {
        lexer = PredicateLexer(text)
    }

    mutating func parse() throws(Predicate.SyntaxError) -> Predicate.Node {
        token = try lexer.next()
        let node = try conditional()
        guard token == .end else { throw failure("the end of the expression") }
        return node
    }

    private func failure(_ expected: String) -> Predicate.SyntaxError {
        Predicate.SyntaxError(offset: lexer.start, expected: expected)
    }

    private mutating func enter() throws(Predicate.SyntaxError) {
        depth += 1
        guard depth <= Self.maximumDepth else { throw failure("at most \(Self.maximumDepth) levels") }
    }

    private mutating func conditional() throws(Predicate.SyntaxError) -> Predicate.Node {
        try enter()
        defer { depth -= 1 }
        let condition = try binary(above: 0)
        guard token == .symbol("?") else { return condition }
        token = try lexer.next()
        let yes = try conditional()
        guard token == .symbol(":") else { throw failure("a colon") }
        token = try lexer.next()
        return .conditional(condition, yes, try conditional())
    }

    /// Operators that bind tighter than `precedence`, from the left.
    private mutating func binary(above precedence: Int) throws(Predicate.SyntaxError) -> Predicate.Node {
        var left = try unary()
        while case .symbol(let symbol) = token, let entry = Self.binaryOperators[symbol], entry.precedence > precedence
        {
            operators += 1
            guard operators <= Self.maximumOperators else {
                throw failure("at most \(Self.maximumOperators) operators")
            }
            token = try lexer.next()
            left = .binary(entry.operator, left, try binary(above: entry.precedence))
        }
        return left
    }

    private mutating func unary() throws(Predicate.SyntaxError) -> Predicate.Node {
        try enter()
        defer { depth -= 1 }
        switch token {
        case .number(let value, let isUnsigned):
            token = try lexer.next()
            return .literal(isUnsigned ? CInteger(bits: value, isUnsigned: true) : CInteger(JSONInteger(value)))
        case .name(let name):
            token = try lexer.next()
            switch name {
            case "true": return .literal(CInteger(1))
            case "false": return .literal(CInteger(0))
            default: return .member(MemberPath(name))
            }
        case .symbol("("):
            token = try lexer.next()
            let node = try conditional()
            guard token == .symbol(")") else { throw failure("a closing parenthesis") }
            token = try lexer.next()
            return node
        case .symbol("!"): return try prefix(.not)
        case .symbol("~"): return try prefix(.complement)
        case .symbol("-"): return try prefix(.negate)
        case .symbol("+"): return try prefix(.plus)
        default: throw failure("a number, a name or a parenthesis")
        }
    }

    private mutating func prefix(_ unaryOperator: Predicate.UnaryOperator) throws(Predicate.SyntaxError)
        -> Predicate.Node
    {
        token = try lexer.next()
        return .unary(unaryOperator, try unary())
    }
}
