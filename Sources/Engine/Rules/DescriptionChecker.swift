public struct DescriptionChecker {
    let d: VMStateDocument
    public init(_ document: VMStateDocument, dialect: Dialect, given: [String: Predicate] = [:]) { d = document }
    public func findings() -> [Finding] { d.problems.map(Finding.init) }
}
extension Rule { public static var all: [Rule] { reported.map(\.rule) } }
