// SPDX-License-Identifier: Apache-2.0

extension ProgramBuilder {
    /// A number of the document, with the constants of the request.
    static func resolve(_ number: SymbolicNumber, _ constants: [String: Predicate]) throws(VMStateError) -> Int {
        switch number {
        case .number(let value): return value
        case .symbol(let expression):
            var evaluator = PredicateEvaluator(given: constants, version: 0)
            do {
                let value = try evaluator.value(of: expression) { _ in nil }
                guard let number = Int32(exactly: value.signed) else {
                    throw VMStateError(.valueOutOfRange, expected: "0 … \(Int32.max)", found: String(value.signed))
                }
                return Int(number)
            } catch let error as PredicateEvaluator.Failure {
                switch error {
                case .unresolved(let name):
                    throw VMStateError(.countUnknown, expected: "a constant \(name) in the request", found: "none")
                case .undefined(let reason):
                    throw VMStateError(.vmsdInvalid, expected: "a number", found: reason)
                }
            } catch let error as VMStateError {
                throw error
            } catch {
                throw VMStateError(.vmsdInvalid, expected: "a number", found: expression.text)
            }
        }
    }
}
