// SPDX-License-Identifier: Apache-2.0

/// Writes the text format 0.0.4 of Prometheus.
struct PrometheusText {
    static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

    /// What a family of samples is.
    enum Kind: String { case counter, gauge, histogram }

    typealias Labels = [(name: String, value: String)]

    private(set) var bytes: [UInt8] = []
    private var name = ""

    /// Begins a family; samples belong to the one begun last.
    mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        self.name = name
        let help = Self.escaped(help, quotes: false)
        bytes += Array("# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n".utf8)
    }

    /// A sample of the family; a histogram's have a suffix.
    mutating func sample(_ value: Int, _ labels: Labels = [], suffix: String = "") {
        line(suffix, labels, String(value))
    }

    /// A sample of the family.
    mutating func sample(_ value: Double, _ labels: Labels = [], suffix: String = "") {
        let text = value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Inf" : "+Inf") : "\(value)"
        line(suffix, labels, text)
    }

    private mutating func line(_ suffix: String, _ labels: Labels, _ value: String) {
        let pairs = labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }
        let braces = pairs.isEmpty ? "" : "{\(pairs.joined(separator: ","))}"
        bytes += Array("\(name)\(suffix)\(braces) \(value)\n".utf8)
    }

    /// Backslash and line feed, and in label values the double quote, are escaped.
    static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
