// SPDX-License-Identifier: Apache-2.0

/// A page in the text format 0.0.4 of Prometheus, read strictly: what it does not take is an error.
struct PrometheusPage {
    struct Sample: Equatable {
        var name: String
        var labels: [String: String]
        var value: Double
    }

    struct Family {
        var name: String
        var kind: String
        var help: String
        var samples: [Sample] = []
    }

    struct Invalid: Error {
        let line: String
        let reason: String
    }

    private(set) var families: [Family] = []

    /// The value of a sample; nil without one.
    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        families.lazy.flatMap(\.samples).first { $0.name == name && $0.labels == labels }?.value
    }

    /// The sum over all samples of a name whose labels have those values.
    func sum(_ name: String, _ labels: [String: String] = [:]) -> Double {
        families.lazy.flatMap(\.samples).filter { sample in
            sample.name == name && labels.allSatisfy { sample.labels[$0.key] == $0.value }
        }.reduce(0) { $0 + $1.value }
    }

    init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw Invalid(line: "", reason: "the last line has no end") }
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
            try read(String(line))
        }
        for family in families { try Self.check(family) }
    }

    private mutating func read(_ line: String) throws {
        if line.hasPrefix("# HELP ") {
            let parts = line.dropFirst(7).split(separator: " ", maxSplits: 1)
            guard parts.count == 2, Self.isName(parts[0], allowsColon: true) else {
                throw Invalid(line: line, reason: "HELP")
            }
            // A second HELP would be a family that is not in one piece.
            guard !families.contains(where: { $0.name == parts[0] }) else { throw Invalid(line: line, reason: "twice") }
            families.append(Family(name: String(parts[0]), kind: "", help: String(parts[1])))
        } else if line.hasPrefix("# TYPE ") {
            let parts = line.dropFirst(7).split(separator: " ", omittingEmptySubsequences: false)
            guard let family = families.last, parts.count == 2, parts[0] == family.name, family.kind.isEmpty,
                family.samples.isEmpty, ["counter", "gauge", "histogram"].contains(parts[1])
            else { throw Invalid(line: line, reason: "TYPE") }
            families[families.count - 1].kind = String(parts[1])
        } else {
            let sample = try Self.sample(line)
            guard let family = families.last, !family.kind.isEmpty else {
                throw Invalid(line: line, reason: "no family")
            }
            let names =
                family.kind == "histogram" ? ["_bucket", "_sum", "_count"].map { family.name + $0 } : [family.name]
            guard names.contains(sample.name) else { throw Invalid(line: line, reason: "another family") }
            guard !family.samples.contains(where: { $0.name == sample.name && $0.labels == sample.labels }) else {
                throw Invalid(line: line, reason: "the series is there twice")
            }
            families[families.count - 1].samples.append(sample)
        }
    }

    private static func sample(_ line: String) throws -> Sample {
        var rest = Substring(line)
        let name = rest.prefix { $0 != "{" && $0 != " " }
        guard isName(name, allowsColon: true) else { throw Invalid(line: line, reason: "name") }
        rest = rest.dropFirst(name.count)
        var labels: [String: String] = [:]
        if rest.first == "{" {
            repeat {
                rest = rest.dropFirst()
                let label = rest.prefix { $0 != "=" }
                rest = rest.dropFirst(label.count)
                guard isName(label, allowsColon: false), rest.hasPrefix("=\"") else {
                    throw Invalid(line: line, reason: "label")
                }
                rest = rest.dropFirst(2)
                guard labels.updateValue(try value(&rest, line), forKey: String(label)) == nil else {
                    throw Invalid(line: line, reason: "the label is there twice")
                }
            } while rest.first == ","
            guard rest.first == "}" else { throw Invalid(line: line, reason: "no end of the labels") }
            rest = rest.dropFirst()
        }
        guard rest.first == " ", let number = number(rest.dropFirst()) else {
            throw Invalid(line: line, reason: "value")
        }
        return Sample(name: String(name), labels: labels, value: number)
    }

    /// The value of a label up to its closing quote, which is taken too.
    private static func value(_ rest: inout Substring, _ line: String) throws -> String {
        var value = ""
        while let character = rest.popFirst() {
            switch character {
            case "\"": return value
            case "\\":
                switch rest.popFirst() {
                case "\\": value += "\\"
                case "\"": value += "\""
                case "n": value += "\n"
                default: throw Invalid(line: line, reason: "escape")
                }
            default: value.append(character)
            }
        }
        throw Invalid(line: line, reason: "no end of the value")
    }

    private static func number(_ text: Substring) -> Double? {
        switch text {
        case "+Inf": .infinity
        case "-Inf": -.infinity
        case "NaN": .nan
        default: text.contains { !"0123456789.e+-".contains($0) } ? nil : Double(text)
        }
    }

    private static func isName(_ text: Substring, allowsColon: Bool) -> Bool {
        guard let first = text.first, !first.isNumber else { return false }
        return text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || allowsColon && $0 == ":") }
    }

    /// What a family's samples have to be together.
    private static func check(_ family: Family) throws {
        guard !family.kind.isEmpty else { throw Invalid(line: family.name, reason: "no TYPE") }
        if family.kind == "counter" {
            let isCounter = family.name.hasSuffix("_total") && family.samples.allSatisfy { $0.value >= 0 }
            guard isCounter else { throw Invalid(line: family.name, reason: "no counter") }
        }
        guard family.kind == "histogram" else { return }
        let groups = Dictionary(grouping: family.samples) { sample in
            sample.labels.filter { $0.key != "le" }.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        }
        for samples in groups.values {
            let buckets = samples.filter { $0.name.hasSuffix("_bucket") }
            let bounds = buckets.compactMap { $0.labels["le"].flatMap { number($0[...]) } }
            let counts = buckets.map(\.value)
            let totals = samples.filter { $0.name.hasSuffix("_count") }.map(\.value)
            let isHistogram =
                bounds.count == buckets.count && bounds.last == .infinity
                && zip(bounds, bounds.dropFirst()).allSatisfy(<)
                && zip(counts, counts.dropFirst()).allSatisfy(<=) && totals == counts.suffix(1)
                && samples.count { $0.name.hasSuffix("_sum") } == 1
            guard isHistogram else { throw Invalid(line: family.name, reason: "no histogram") }
        }
    }
}
