// SPDX-License-Identifier: Apache-2.0

import Compression
import Engine
import Testing

@testable import Containers

@Suite struct Qcow2Tests {
    private let first = Array("QEVM".utf8) + Sample.bytes(508)
    private let second = Array(Sample.bytes(1500)[700..<1212])
    private let zeros = [UInt8](repeating: 0, count: 512)

    private func state(_ bytes: [UInt8], _ name: String = "snap") throws -> Qcow2StateSource {
        let image = try Qcow2Image(BytesSource(bytes))
        return try image.state(of: image.snapshot(named: name))
    }

    @Test(arguments: [2, 3] as [UInt32])
    func clustersAreFoundThroughTheTables(_ version: UInt32) throws {
        var image = Qcow2ImageBuilder()
        image.version = version
        image.stateSize = 512 * 4 - 100
        let source = try state(image.bytes([.data(first), .unallocated, .data(second), .data(first)]))
        let expected = first + zeros + second + first[..<412]
        #expect(source.size == 512 * 4 - 100)
        #expect(source.diskOffset == 512 * 64)
        for piece in [1, 100, 512, 700, 4096] {
            #expect(try source.rest(piece: piece) == expected, "in pieces of \(piece)")
        }
        #expect(try source.once(20, at: 1900) == Array(expected[1900..<1920]))
        #expect(try source.once(20, at: 2000).isEmpty)
        #expect(try source.once(20, at: .max).isEmpty)
        // Clusters side by side are one read.
        #expect(try source.once(4096, at: 1024) == Array(expected[1024...]))
    }

    @Test func zeroAndCompressedClusters() throws {
        let coded = try #require(Deflater.deflate(second, isGzip: false)).dropFirst(2).dropLast(4)
        let image = Qcow2ImageBuilder().bytes([.data(first), .zero, .deflated(Array(coded)), .data(first)])
        let source = try state(image)
        #expect(try source.rest(piece: 100) == first + zeros + second + first)
        #expect(try source.once(10, at: 1100) == Array(second[76..<86]))
    }

    @Test func subclustersHaveBitmaps() throws {
        var image = Qcow2ImageBuilder()
        image.clusterBits = 14
        image.features = 1 << 4
        let bytes = Sample.bytes(1 << 14)
        // Subclusters 0 and 2 are there, 3 is zero, the rest is not.
        let source = try state(image.bytes([.subclusters(bytes, bitmap: 0b101 | 1 << 35), .data(bytes)]))
        var expected = bytes + bytes
        expected.replaceSubrange(512..<1024, with: zeros)
        for index in 1536..<1 << 14 { expected[index] = 0 }
        for piece in [100, 700, 1 << 15] {
            #expect(try source.rest(piece: piece) == expected)
        }
        #expect(source.diskOffset == 1 << 24)
    }

    @Test func snapshotsAreListedAndFound() throws {
        var image = Qcow2ImageBuilder()
        image.names = [("1", "before update"), ("2", "2024-01-01"), ("3", "1"), ("4", "twice"), ("5", "twice")]
        let list = try Qcow2Image(BytesSource(image.bytes([.data(first)])))
        #expect(list.snapshots.map(\.name) == ["before update", "2024-01-01", "1", "twice", "twice"])
        #expect(list.snapshots.map(\.id) == ["1", "2", "3", "4", "5"])
        #expect(list.snapshots[0].seconds == 1_700_000_000)
        #expect(list.snapshots[0].nanoseconds == 5)
        #expect(list.snapshots[0].guestNanoseconds == 9)
        #expect(list.snapshots[0].stateSize == 512)
        #expect(list.snapshots[0].diskSize == 1)
        #expect(try list.snapshot(named: "2024-01-01").id == "2")
        #expect(try list.snapshot(named: "2").id == "2")
        // A name goes before an id.
        #expect(try list.snapshot(named: "1").id == "3")
        let twice = failure { try list.snapshot(named: "twice") }
        #expect(twice == .unreadable(expected: #"one snapshot "twice""#, #"several, with the ids "4", "5""#))
        let none = failure { try list.snapshot(named: "nope") }
        #expect(none?.expected == #"the snapshot "nope""#)
        #expect(none?.found?.hasPrefix(#"an image with the snapshots "before update" (id "1"), "#) == true)
    }

    /// Tables of version 2 may say nothing of the disk, and have 32 bits for the size of the state.
    @Test func extraDataMayBeShort() throws {
        for extra in [0, 8] as [UInt32] {
            var image = Qcow2ImageBuilder()
            image.version = 2
            image.extraLength = extra
            let bytes = image.bytes([.data(first)])
            let snapshot = try Qcow2Image(BytesSource(bytes)).snapshot(named: "snap")
            #expect(snapshot.diskSize == nil)
            #expect(snapshot.stateSize == 512)
            #expect(try state(bytes).rest() == first)
        }
    }

    /// A disk that grew since has its state where the smaller one ended.
    @Test func theDiskMayHaveAnotherSizeNow() throws {
        var image = Qcow2ImageBuilder()
        image.diskSize = 1 << 30
        image.snapshotDiskSize = 512 * 64
        #expect(try state(image.bytes([.data(first)])).rest() == first)
    }

    @Test func openingTakesTheNameOfTheSnapshot() throws {
        let bytes = Qcow2ImageBuilder().bytes([.data(first), .data(second)])
        var options = StreamContainer.Options()
        let unnamed = failure { try StreamContainer.open(BytesSource(bytes), options: options) }
        #expect(unnamed?.found == #"an image with the snapshots "snap" (id "1")"#)
        options.snapshot = "snap"
        let opened = try StreamContainer.open(BytesSource(bytes), options: options)
        #expect(try opened.source.rest() == first + second)
        #expect(opened.fileOffset == 0)
        #expect(opened.containers.map(\.name) == ["qcow2"])
        #expect(opened.containers[0].contentOffset == 512 * 64)
        #expect(opened.containers[0].description == #"qcow2 snapshot "snap" (id "1"), 1024 bytes of VM state"#)

        let pipe = failure { try StreamContainer.open(SequentialBytes(bytes), options: options) }
        #expect(pipe?.expected == "a file for a qcow2 image")
        options.spoolBytes = 1 << 20
        let spooled = try StreamContainer.open(SequentialBytes(Sample.gzip(bytes)), options: options)
        #expect(spooled.containers.map(\.name) == ["gzip", "qcow2"])
        #expect(try spooled.source.rest() == first + second)
    }

    @Test func aSnapshotOfTheDiskAloneHasNoStream() throws {
        var image = Qcow2ImageBuilder()
        image.stateSize = 0
        let error = failure { try state(image.bytes([])) }
        #expect(error?.expected == "a snapshot with VM state")
    }

    @Test func anImageWithoutSnapshotsSaysSo() throws {
        var image = Qcow2ImageBuilder()
        image.names = []
        let bytes = image.bytes([])
        #expect(failure { try StreamContainer.open(BytesSource(bytes)) }?.found == "an image without snapshots")
        #expect(failure { try state(bytes) }?.found == "an image without snapshots")
    }
}

/// Images that are not what they should be: an error with its place, and never more than the file has.
@Suite struct Qcow2DamageTests {
    private let first = Array("QEVM".utf8) + Sample.bytes(508)

    private func error(
        _ clusters: [Qcow2ImageBuilder.Cluster]? = nil,
        _ change: (inout Qcow2ImageBuilder) -> Void = { _ in }
    ) -> VMStateError? {
        var image = Qcow2ImageBuilder()
        change(&image)
        return failure { try read(image.bytes(clusters ?? [.data(first)])) }
    }

    private let snap = {
        var options = StreamContainer.Options()
        options.snapshot = "snap"
        return options
    }()

    private func read(_ bytes: [UInt8]) throws -> [UInt8] {
        try StreamContainer.open(BytesSource(bytes), options: snap).source.rest(piece: 4096, limit: 1 << 20)
    }

    @Test func headers() {
        #expect(error { $0.version = 1 }?.offset == 4)
        #expect(error { $0.version = 4 }?.found == "4")
        #expect(error { $0.encryption = 2 }?.offset == 32)
        #expect(error { $0.features = 1 << 2 }?.found == "one with an external data file")
        #expect(error { $0.features = 1 << 5 }?.found == "0x20")
        #expect(error { $0.features = 1 << 4 }?.expected == "14 … 21 bits for clusters with subclusters")
        #expect(error { $0.features = 3 } == nil)
        #expect(error { $0.headerLength = 72 }?.offset == 100)
        #expect(error { $0.diskSize = 1 << 63 }?.offset == 24)
        #expect(error { $0.snapshotCount = 65537 }?.offset == 60)
        var image = Qcow2ImageBuilder().bytes([.data(first)])
        for bits in [0, 8, 22, 64, 255] as [UInt8] {
            image[23] = bits
            #expect(failure { try read(image) }?.offset == 20)
        }
    }

    @Test func snapshotTables() {
        #expect(error { $0.snapshotCount = 60000 }?.code == .inputUnreadable)
        #expect(error { $0.extraLength = .max }?.expected == "4294967295 bytes of the snapshot table")
        #expect(error { $0.stateSize = 1 << 63 }?.expected == "a size of the VM state below 2^63")
        #expect(error { $0.snapshotDiskSize = 1 << 63 }?.expected == "a size of the disk below 2^63")
        #expect(error { $0.l1Offset = 1 << 63 }?.expected == "an offset of the L1 table below 2^63")
        var image = Qcow2ImageBuilder().bytes([.data(first)])
        image[64] = 0x7f
        #expect(failure { try read(image) }?.offset == 0x7f00_0000_0000_0200)
        var limits = ContainerLimits()
        limits.snapshotTableBytes = 60
        let bytes = Qcow2ImageBuilder().bytes([.data(first)])
        #expect(failure { try Qcow2Image(BytesSource(bytes), limits: limits) }?.code == .limitExceeded)
        limits.snapshotTableBytes = 61
        #expect(failure { try Qcow2Image(BytesSource(bytes), limits: limits) } == nil)
    }

    @Test func tables() {
        let outside = "an L1 table inside the image of 2560 bytes"
        #expect(error { $0.l1Offset = 1 << 62 }?.expected == outside)
        #expect(error { $0.l1Offset = 4 }?.expected == outside)
        #expect(error { $0.l1Entries = .max }?.expected == outside)
        #expect(error { $0.l1Entries = 1 }?.found == "an L1 table of 1 entries")
        #expect(error { $0.stateSize = UInt64(Int.max) }?.found == "an L1 table of 2 entries")
        #expect(error { $0.snapshotDiskSize = UInt64(Int.max) }?.found == "an L1 table of 2 entries")
        #expect(error([.data(first), .entry(1 << 20)])?.found == "one with offset 1048576")
        #expect(error([.data(first), .entry(0x00ff_ffff_ffff_fe00)])?.offset == 512 * 3 + 8)
        var image = Qcow2ImageBuilder().bytes([.data(first)])
        image[512 * 2 + 8 + 5] = 0xff
        #expect(failure { try read(image) }?.expected == "a table entry inside the image")
    }

    /// An L1 entry or an L2 entry that leads back to a table is read as what it is not, once.
    @Test func tablesThatPointAtThemselves() {
        var image = Qcow2ImageBuilder().bytes([.data(first), .entry(512 * 3), .entry(512 * 2)])
        #expect(throws: Never.self) { try read(image) }
        image[512 * 2 + 8 + 6] = 0x04
        #expect(failure { try read(image) }?.code == .inputUnreadable)
    }

    @Test func aSubclusterIsNotAllocatedAndZero() {
        var image = Qcow2ImageBuilder()
        image.clusterBits = 14
        image.features = 1 << 4
        let bytes = Sample.bytes(1 << 14)
        let expected = "subclusters that are allocated or zero"
        #expect(failure { try read(image.bytes([.subclusters(bytes, bitmap: 1 | 2 << 32)])) }?.expected != expected)
        let both = failure { try read(image.bytes([.subclusters(bytes, bitmap: 1 | 1 << 32)])) }
        #expect(both?.expected == expected && both?.code == .inputUnreadable)
    }

    @Test func aTableStartsAtACluster() {
        var image = Qcow2ImageBuilder()
        image.clusterBits = 10
        var bytes = image.bytes([.data(first)])
        // The L1 entry of the state.
        bytes[1024 * 2 + 8 + 6] |= 0x02
        #expect(failure { try read(bytes) }?.expected == "an L2 table at the start of a cluster")
    }

    @Test func clustersThatAreCut() throws {
        let image = Qcow2ImageBuilder().bytes([.data(first), .data(first)])
        for cut in [1, 511, 512] {
            let part = Array(image.dropLast(cut))
            // The place is that of the entry in the L2 table.
            #expect(
                failure { try read(part) }
                    == .unreadable(
                        at: 512 * 3 + 8,
                        expected: "a cluster inside the image of \(part.count) bytes",
                        "one with offset \(512 * 5)" + (cut < 512 ? " that goes on behind its end" : "")
                    )
            )
            #expect(try StreamContainer.open(BytesSource(part), options: snap).source.once(512, at: 0) == first)
        }
    }

    @Test func compressedClusters() throws {
        let coded = Array(try #require(Deflater.deflate(first, isGzip: false)).dropFirst(2).dropLast(4))
        #expect(error([.deflated(coded)]) == nil)
        #expect(error([.deflated(coded)]) { $0.features = 1 << 3 }?.expected == nil)
        let zstd = error([.deflated(coded)]) {
            $0.features = 1 << 3
            $0.compression = 1
            $0.headerLength = 112
        }
        #expect(zstd?.expected == "clusters compressed with zlib")
        var damaged = coded
        damaged[0] = 0xff
        #expect(error([.deflated(damaged)])?.expected == "a compressed cluster")
        let short = Array(try #require(Deflater.deflate([1, 2], isGzip: false)).dropFirst(2).dropLast(4))
        #expect(error([.deflated(short)])?.found == "2")
        let long = Array(try #require(Deflater.deflate(first + [0], isGzip: false)).dropFirst(2).dropLast(4))
        #expect(error([.deflated(long)])?.expected == "a compressed cluster")
        #expect(error([.entry(1 << 62 | 1 << 40)])?.expected == "a cluster inside the image")
        #expect(error([.entry(UInt64.max)])?.expected == "a cluster inside the image")
    }

    @Test func anyLengthAndAnyFlippedByte() {
        let image = Qcow2ImageBuilder().bytes([.data(first), .unallocated, .data(first)])
        for count in stride(from: 0, to: image.count, by: 3) {
            _ = failure { try read(Array(image[..<count])) }
        }
        // Header, snapshot table, L1, L2: the rest of their clusters means nothing.
        for index in [0..<112, 512..<584, 1024..<1040, 1536..<1560].joined() {
            for value in [0xff, 0x80, 0x01] as [UInt8] {
                var damaged = image
                damaged[index] ^= value
                // A crash or a stream without end is what would fail here.
                let error = failure { try read(damaged) }
                #expect(error == nil || error?.code == .inputUnreadable || error?.code == .limitExceeded)
            }
        }
    }
}
