// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// Documents that break a rule, and documents that just do not.
@Suite struct RuleFixtureTests {
    /// One document of `Fixtures/rules/<rule>`.
    struct Case: Sendable, CustomTestStringConvertible {
        let rule: String
        let file: String
        var testDescription: String { "\(rule)/\(file)" }
    }

    static let cases = Fixtures.list("rules").flatMap { rule in
        Fixtures.list("rules/\(rule)").filter { $0 != "findings.json" }.map { Case(rule: rule, file: $0) }
    }

    @Test func thereAreCases() {
        #expect(Self.cases.count >= 200)
    }

    @Test(arguments: cases)
    func theRuleFindsWhatIsExpectedAndNothingElse(_ fixture: Case) throws {
        let folder = FixtureCase(folder: "rules/\(fixture.rule)")
        let entry = try folder.json("findings.json")?[fixture.file]
        let expected = (entry?["findings"] ?? entry)?.elements ?? []
        #expect(fixture.file.hasPrefix("bad-") == !expected.isEmpty)
        var given: [String: Predicate] = [:]
        for (name, value) in entry?["constants"]?.members ?? [] {
            given[name] = try Predicate(String(decoding: value.json(), as: UTF8.self))
        }
        let found = try findings(folder, fixture.file, dialect: entry?["dialect"]?.string ?? "next", given)
        #expect(
            found.filter { $0.rule.description == fixture.rule }.map(line)
                == expected.map { finding in
                    ["rule", "severity", "path"].map { finding[$0]?.string ?? "-" }.joined(separator: " ")
                }
        )
        if fixture.file.hasPrefix("good-") {
            // An example to follow must not break another rule.
            #expect(found.filter { $0.severity == .error }.map(line) == [])
        }
    }

    @Test func everyRuleThatIsCheckedHasBothKinds() {
        for rule in Rule.all where rule.isChecked {
            let files = Fixtures.list("rules/\(rule.id)")
            #expect(files.contains { $0.hasPrefix("bad-") }, "\(rule.id)")
            #expect(files.contains { $0.hasPrefix("good-") }, "\(rule.id)")
        }
        for rule in Fixtures.list("rules") { #expect(Rule(id: rule)?.isChecked == true, "\(rule)") }
    }

    private func findings(
        _ folder: FixtureCase,
        _ file: String,
        dialect: String,
        _ given: [String: Predicate]
    ) throws -> [Finding] {
        let dialect = try #require(Dialect(name: dialect))
        let document = VMStateDocument(try #require(try folder.json(file)), dialect: dialect)
        return DescriptionChecker(document, dialect: dialect, given: given).findings()
    }

    private func line(_ finding: Finding) -> String {
        "\(finding.rule) \(finding.severity.rawValue) \(finding.path?.description ?? "-")"
    }
}
