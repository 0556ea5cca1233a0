// SPDX-License-Identifier: Apache-2.0

import Engine
import Foundation
import TestSupport
import Testing

/// Every stream of the corpus, held against what QEMU's analyser says of it.
@Suite(.enabled(if: !StreamSamples.corpusNames.isEmpty, "no corpus: set QEVM_CORPUS to its folder"))
struct StreamCorpusTests {
    /// The streams whose values are compared in any build: one of each target and release, and those with odd arrays.
    private static let chosen: Set<String> = [
        "aarch64-virt-10.0-gicv3-paused", "arm-microbit-11.1", "ppc-mac99-11.1", "s390x-11.1-css", "x86-none-10.0",
        "x86-pc-7.2-miscisa-after-firmware", "x86-pc-7.2-scsizoo-after-firmware", "x86-q35-11.1-nvme-after-firmware",
    ]

    @Test(arguments: StreamSamples.corpusNames)
    func everyValueIsTheAnalysers(_ name: String) throws {
        let bytes = try StreamSamples.corpusBytes(name)
        let stream = try MigrationStream(reading: BytesSource(bytes))
        #expect(stream.findings.filter { $0.severity == .error }.map(\.line) == [])
        #expect(stream.understood == bytes.count)

        try aPipeGivesTheSame(stream, bytes)
        guard StreamSamples.isThorough || Self.chosen.contains(name) else { return }
        let (text, findings) = try StreamDocument(stream).json()
        let isDescribed = !name.hasSuffix("suppress-vmdesc")
        if isDescribed {
            #expect(findings.map(\.line) == [])
        } else {
            // Nothing is decoded, and that is said of each section.
            #expect(findings.count == stream.sections.count { $0.kind == .full })
            #expect(Set(findings.map(\.rule.description)) == ["VMST017"])
        }
        let document = try JSONDocument(parsing: text).root
        if let vmdesc = try StreamSamples.corpusJSON("\(name).vmdesc") {
            let devices = vmdesc["devices"]?.elements.map { $0["name"]?.string }
            #expect(stream.sections.filter { $0.kind == .full }.map(\.idstr) == devices)
        } else {
            #expect(!isDescribed)
        }
        if let state = try StreamSamples.corpusJSON("\(name).state") {
            var comparison = AnalyserComparison(stream: bytes, decoded: stream)
            comparison.compare(document, state)
            #expect(comparison.differences == [])
            #expect(comparison.leaves > 0)
        }
    }

    private func aPipeGivesTheSame(_ stream: MigrationStream, _ bytes: [UInt8]) throws {
        let pipe = PipeSource(bytes, chunk: 100_003)
        let other = try MigrationStream(reading: pipe)
        #expect(!pipe.wentBack)
        #expect(other.outline == stream.outline)
    }

    /// Pages are the same with and without the vmdesc, and those of a mapped file are where it says.
    @Test(
        arguments: StreamSamples.corpusNames.filter {
            $0.hasPrefix("arm-microbit") || $0.contains("-11.1-mapped-ram-after")
        }
    )
    func everyPageIsGiven(_ name: String) throws {
        let bytes = try StreamSamples.corpusBytes(name)
        var options = MigrationStream.ReadOptions()
        let store = PageStore()
        options.pages = store
        let stream = try MigrationStream(reading: BytesSource(bytes), options)
        #expect(stream.findings.map(\.line) == [])
        #expect(store.names == stream.blocks.map(\.idstr))
        #expect(store.pages == stream.blocks.reduce(0) { $0 + $1.counts.pages })
        if name.contains("mapped"), let pageSize = stream.pageSize {
            for block in stream.blocks {
                let mapping = try #require(block.mapping)
                for page in stride(from: 0, to: block.size, by: 64 * pageSize) {
                    let expected = bytes[mapping.pages + page..<mapping.pages + page + pageSize]
                    let found = store.memory[block.idstr]?[page..<page + pageSize]
                    #expect(found == expected || found?.allSatisfy { $0 == 0 } == true)
                }
            }
        }
    }
}
