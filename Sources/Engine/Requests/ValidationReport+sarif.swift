// SPDX-License-Identifier: Apache-2.0

extension ValidationReport {
    /// SARIF 2.1.0, for code scanning.
    ///
    /// Places are JSON Pointers, so they are logical locations.
    public func sarif() throws(VMStateError) -> [UInt8] {
        let used = Set(findings.map(\.rule))
        let rules = Rule.all.filter { used.contains($0.id) }
        var writer = JSONObjectWriter()
        writer.member("$schema", "https://json.schemastore.org/sarif-2.1.0.json")
        writer.member("version", "2.1.0")
        writer.member(
            "runs",
            array: { runs in
                runs.element { run in
                    run.member(
                        "tool",
                        object: { tool in
                            tool.member(
                                "driver",
                                object: { driver in
                                    driver.member("name", "qevm")
                                    driver.member("version", Product.version)
                                    driver.member(
                                        "rules",
                                        array: { array in
                                            for rule in rules { array.element { Self.write(rule, &$0) } }
                                        }
                                    )
                                }
                            )
                        }
                    )
                    run.member(
                        "results",
                        array: { results in
                            for finding in findings {
                                let index = rules.firstIndex { $0.id == finding.rule }
                                results.element { Self.write(finding, index, &$0) }
                            }
                        }
                    )
                }
            }
        )
        return try writer.finish()
    }

    private static func write(_ rule: Rule, _ object: inout JSONObjectWriter) {
        object.member("id", rule.id.description)
        object.member("shortDescription", object: { $0.member("text", rule.title) })
        object.member("fullDescription", object: { $0.member("text", rule.why) })
        object.member("defaultConfiguration", object: { $0.member("level", rule.severity.rawValue) })
    }

    private static func write(_ finding: Finding, _ index: Int?, _ object: inout JSONObjectWriter) {
        object.member("ruleId", finding.rule.description)
        if let index { object.member("ruleIndex", index) }
        object.member("level", finding.severity.rawValue)
        object.member("message", object: { $0.member("text", finding.message) })
        guard finding.path != nil || finding.statePath != nil else { return }
        object.member(
            "locations",
            array: { locations in
                locations.element { location in
                    location.member(
                        "logicalLocations",
                        array: { array in
                            for (pointer, kind) in [(finding.path, "member"), (finding.statePath, "value")] {
                                guard let pointer else { continue }
                                array.element { logical in
                                    logical.member("fullyQualifiedName", pointer.shown)
                                    logical.member("kind", kind)
                                }
                            }
                        }
                    )
                }
            }
        )
    }
}
