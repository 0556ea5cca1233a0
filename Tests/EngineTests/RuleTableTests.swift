// SPDX-License-Identifier: Apache-2.0

import Engine
import Foundation
import TestSupport
import Testing

/// The table of rules, and the page that is printed from it.
@Suite struct RuleTableTests {
    @Test func idsAreUnique() {
        let ids = Rule.all.map(\.id.description)
        #expect(Set(ids).count == ids.count)
    }

    @Test func theDescriptionRulesStandInOrder() {
        let numbers = Array(1...48) + Array(50...60)
        let ids = numbers.map { ($0 < 10 ? "VMSD00" : "VMSD0") + String($0) }
        #expect(Rule.all.map(\.id.description).filter { $0.hasPrefix("VMSD") } == ids)
    }

    @Test func everyRuleSaysWhatAndWhyAndWhere() {
        for rule in Rule.all {
            #expect(!rule.title.isEmpty && !rule.why.isEmpty && !rule.source.isEmpty, "\(rule.id)")
        }
    }

    @Test func thePageIsPrintedFromTheTable() throws {
        let path = "\(Fixtures.project)/docs/rules.md"
        if ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] != nil {
            try FileManager.default.createDirectory(
                atPath: "\(Fixtures.project)/docs",
                withIntermediateDirectories: true
            )
            try Rule.documentation.write(toFile: path, atomically: true, encoding: .utf8)
            Issue.record("\(path) was written anew")
        }
        #expect(Fixtures.read(path).map { String(decoding: $0, as: UTF8.self) } == Rule.documentation)
    }
}
