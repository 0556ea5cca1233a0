// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// The parameters of a query, which are the same for every path below `/v1`.
///
/// One that does not matter to a path is allowed, so that a caller can ask for the same everywhere.
enum Query {
    /// What a parameter takes.
    private enum Kind {
        case flag
        case choice([String])
        /// Names, separated by commas; a parameter that comes again adds to them.
        case names
        case text
        case number
    }

    private static let parameters: [String: Kind] = [
        "at": .number, "block": .text, "bytes": .choice(["base64", "hex"]), "contents": .flag, "hexdump": .flag,
        "ignore": .names, "infos": .choice(["apart", "bytes"]), "int64": .choice(["string", "number"]),
        "keep-container": .flag, "offsets": .flag, "raw": .flag, "sections": .names, "snapshot": .text, "vmdesc": .flag,
    ]

    /// - Throws: 400 for a name that is misspelt, which would go unseen, for one that comes twice, and for a value that it does
    ///   not take; names with `x-` are the caller's own.
    static func check(_ head: HTTPRequestHead) throws(Problem) {
        var seen: Set<String> = []
        for (name, value) in head.queryItems where !name.hasPrefix("x-") {
            guard let kind = parameters[name] else {
                let known = parameters.keys.sorted().joined(separator: ", ")
                throw Problem(.badRequest, "there is no parameter \"\(name)\"; known are \(known)")
            }
            let isNew = seen.insert(name).inserted
            let problem: String?
            switch kind {
            case .flag:
                problem =
                    ["true", "false", ""].contains(value) ? nil : "\(name) may be true or false, not \"\(value)\""
            case .choice(let values):
                let list = values.joined(separator: " or ")
                problem = values.contains(value) ? nil : "\(name) may be \(list), not \"\(value)\""
            case .number:
                let isNumber =
                    !value.isEmpty && value.utf8.allSatisfy { (0x30...0x39).contains($0) } && Int(value) != nil
                problem = isNumber ? nil : "\(name) may be a number of bytes, not \"\(value)\""
            case .names, .text: problem = nil
            }
            if let problem { throw Problem(.badRequest, problem) }
            if case .names = kind { continue }
            guard isNew else { throw Problem(.badRequest, "the parameter \"\(name)\" comes twice") }
        }
    }
}

extension HTTPRequestHead {
    /// Whether a flag is set: with the value `true`, or without one.
    func flag(_ name: String) -> Bool {
        queryValue(name).map { $0 != "false" } ?? false
    }

    /// The names of a list; nil: it is not there.
    func names(_ name: String) -> [String]? {
        let values = queryItems.filter { $0.name == name }.map(\.value)
        return values.isEmpty ? nil : values.flatMap { $0.split(separator: ",").map(String.init) }
    }
}
