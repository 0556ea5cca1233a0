// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// What fuzzing found stays mended, and what holds for every file holds for those of the other tests.
@Suite struct ContainerFindTests {
    static let finds = Fixtures.list("../../../Fuzz/FailCases/FuzzContainer")

    @Test(arguments: finds)
    func aFindStaysMended(_ find: String) throws {
        let bytes = try #require(Fixtures.read("\(Fixtures.project)/Fuzz/FailCases/FuzzContainer/\(find)"))
        #expect(ContainerChecks.open(bytes) == nil)
    }

    @Test func damagedFilesAreTheSameHoweverTheyAreRead() throws {
        let stream = Sample.stream
        var image = LibvirtImage()
        image.padding = 0
        let plain = image.bytes(stream)
        image.format = 1
        let coded = try image.bytes(Sample.gzip(stream))
        let disk = Qcow2ImageBuilder().bytes([.data(stream), .unallocated, .data(stream)])
        for file in [stream, plain, coded, disk, try Sample.gzip(plain), try Sample.gzip(stream) + Sample.gzip(stream)]
        {
            #expect(ContainerChecks.open(file) == nil)
            for index in stride(from: 0, to: file.count, by: 5) {
                var damaged = file
                damaged[index] ^= 0x81
                #expect(ContainerChecks.open(damaged) == nil, "byte \(index)")
                #expect(ContainerChecks.open(Array(file[..<index])) == nil, "\(index) bytes")
            }
        }
    }
}
