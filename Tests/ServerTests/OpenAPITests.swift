// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import Engine
@testable import Server

/// `openapi.yaml` says what the service does.
@Suite("openapi.yaml")
struct OpenAPITests {
    private let text: String
    private let lines: [Substring]
    private let routes = Service().router.routes.values.joined()

    init() throws {
        let bytes = try #require(Fixtures.read("\(Fixtures.project)/openapi.yaml"))
        text = String(decoding: bytes, as: UTF8.self)
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    @Test func theServiceGivesExactlyTheFile() throws {
        let answer = try Shared.ask("GET", "/openapi.yaml")
        #expect(answer.status == 200)
        #expect(answer["Content-Type"] == "application/yaml")
        #expect(answer.text == text)
    }

    @Test func everyPathOfTheRouterIsInItAndTheReverse() {
        // Paths are indented by two, methods by four.
        var described: Set<String> = []
        var path = ""
        for line in lines.drop(while: { $0 != "paths:" }).dropFirst().prefix(while: { $0.isEmpty || $0.hasPrefix(" ") })
        {
            if line.hasPrefix("  /") { path = line.trimmingCharacters(in: [" ", ":"]) }
            let method = line.dropFirst(4)
            if line.hasPrefix("    "), method.first != " ", method.hasSuffix(":") {
                described.insert("\(method.dropLast().uppercased()) \(path)")
            }
        }
        #expect(described == Set(routes.map { "\($0.method) \($0.path)" }))
    }

    @Test func everyMediaTypeOfTheRouterIsInIt() {
        for route in routes {
            let part = section(route.path)
            for type in route.accepts + route.offers {
                #expect(part.contains { $0.trimmingCharacters(in: [" "]) == "\(type):" }, "\(route.path): \(type)")
            }
        }
    }

    @Test func whatWantsATokenSaysSo() throws {
        for route in routes {
            let part = section(route.path)
            let isGuarded = route.path.hasPrefix("/v1/") || route.path == "/metrics"
            for line in ["security: [{}, {bearer: []}]", "\"401\": {$ref: \"#/components/responses/Unauthorized\"}"] {
                #expect(
                    part.contains { $0.trimmingCharacters(in: [" "]) == line } == isGuarded,
                    "\(route.path): \(line)"
                )
            }
        }
        #expect(lines.contains("    bearer:") && lines.contains("      scheme: bearer"))
    }

    @Test func everyErrorCodeOfTheEngineIsInItAndTheReverse() throws {
        let source = try #require(Fixtures.read("\(Fixtures.project)/Sources/Engine/VMStateError.swift"))
        let words = String(decoding: source, as: UTF8.self).matches(of: /Code\("([a-z-]+)"\)/).map { String($0.1) }
        #expect(words.count >= 18)
        let codes = lines.drop { !$0.hasPrefix("        code:") }.drop { !$0.hasPrefix("          enum:") }.dropFirst()
            .prefix { $0.hasPrefix("            - ") }.map { String($0.dropFirst(14)) }
        #expect(Set(codes) == Set(words + ["json-invalid"]))
        for code in codes { #expect(text.contains("| `\(code)` |"), "\(code) is not explained") }
    }

    @Test func everyFlagIsInIt() {
        let flags = lines.filter { $0.hasPrefix("        - VMS_") }.map { String($0.dropFirst(10)) }
        #expect(Set(flags) == Set(VMStateFlags.names.map(\.name)))
    }

    @Test func everyDialectPriorityAndInfoOfTheCoreIsInIt() {
        #expect(text.contains("enum: [\"7.2\", \"10.0\", \"11.1\", next]"))
        #expect(Dialect.all.map(\.name) == ["7.2", "10.0", "11.1", "next"])
        for priority in MigrationPriority.allCases { #expect(text.contains("- \(priority.rawValue)\n")) }
        for info in VMStateInfo.coreInfos {
            #expect(text.contains("`\(info.name)`"), "\(info.name)")
        }
    }

    @Test func theVersionIsTheProducts() {
        #expect(lines.contains("  version: \(Product.version)"))
    }

    @Test func limitsAreTheDefaults() {
        let configuration = ServiceConfiguration()
        #expect(text.contains("64 MiB each"))
        #expect(configuration.bodyBytes == 64 << 20 && configuration.inflatedBytes == 64 << 20)
        #expect(text.contains("Answers of \(ContentCoding.smallestAnswer) bytes and more"))
        #expect(text.contains("At most \(configuration.engine.jsonDepth) arrays and objects"))
    }

    private func section(_ path: String) -> ArraySlice<Substring> {
        lines.drop { $0 != "  \(path):" }.dropFirst().prefix { $0.isEmpty || $0.hasPrefix("   ") }
    }
}
