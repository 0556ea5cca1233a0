// SPDX-License-Identifier: Apache-2.0

import Engine

/// A shape of state that is measured: a description, states of any size, and how many values one element has.
struct Case: Sendable {
    let name: String
    let vmsd: String
    let valuesPerElement: Int
    /// What QEMU's own C codec takes for one value, in nanoseconds, on the machine where the targets were set.
    let qemu: (save: Double, load: Double)?
    /// The member of the element at an index, as JSON.
    let element: @Sendable (Int) -> String
    let wrap: @Sendable (_ elements: [String]) -> String

    /// A state of about `bytes` bytes of JSON.
    func state(bytes: Int) -> (json: [UInt8], elements: Int) {
        var elements: [String] = []
        var size = 0
        while size < bytes {
            elements.append(element(elements.count))
            size += elements[elements.count - 1].utf8.count + 1
        }
        return (Array(wrap(elements).utf8), elements.count)
    }

    func codec() throws -> VMStateCodec {
        try VMStateCodec(VMStateDocument(try JSONDocument(parsing: Array(vmsd.utf8)).root))
    }

    /// Values without a pattern that a branch predictor could learn.
    static func number(_ index: Int) -> UInt64 {
        var x = UInt64(truncatingIfNeeded: index) &+ 0x9e37_79b9_7f4a_7c15
        x = (x ^ (x >> 30)) &* 0xbf58_476d_1ce4_e5b9
        x = (x ^ (x >> 27)) &* 0x94d0_49bb_1331_11eb
        return x ^ (x >> 31)
    }

    static let all = [
        Case(
            name: "structs",
            vmsd: """
                {"name":"t","fields":[{"name":"n","info":"uint32"},{"name":"a","flags":["VMS_STRUCT","VMS_VARRAY_UINT32","VMS_POINTER"],
                "num_offset":"n","vmsd":{"name":"benchmark-element","fields":[{"name":"id","info":"uint32"},{"name":"addr","info":"uint64"},
                {"name":"st","info":"uint8"},{"name":"on","info":"bool"}]}}]}
                """,
            valuesPerElement: 4,
            qemu: (60, 33),
            element: { index in
                let x = number(index)
                return
                    #"{"id":\#(UInt32(truncatingIfNeeded: x)),"addr":\#(x),"st":\#(UInt8(truncatingIfNeeded: x >> 40)),"on":\#(x & 1 == 0)}"#
            },
            wrap: { #"{"n":\#($0.count),"a":[\#($0.joined(separator: ","))]}"# }
        ),
        Case(
            name: "buffer",
            vmsd: """
                {"name":"t","fields":[{"name":"n","info":"int32"},{"name":"a","info":"buffer","flags":["VMS_VBUFFER","VMS_POINTER"],
                "size_offset":"n"}]}
                """,
            valuesPerElement: 32,
            qemu: nil,
            element: { index in
                (0..<4).map { part in
                    let text = String(number(index * 4 + part), radix: 16)
                    return String(repeating: "0", count: 16 - text.utf8.count) + text
                }.joined()
            },
            wrap: { #"{"n":\#($0.count * 32),"a":"\#($0.joined())"}"# }
        ),
        Case(
            name: "queue",
            vmsd: """
                {"name":"t","fields":[{"name":"q","info":"qtailq","flags":[],"version_id":1,"vmsd":{"name":"benchmark-element","version_id":1,"fields":[
                {"name":"regs","info":"uint64","flags":["VMS_ARRAY"],"num":16},{"name":"len","info":"uint32"},
                {"name":"data","info":"buffer","flags":["VMS_BUFFER"],"size":32}]}}],"version_id":1}
                """,
            valuesPerElement: 18,
            qemu: (77, 33),
            element: { index in
                let regs = (0..<16).map { String(number(index * 16 + $0)) }.joined(separator: ",")
                return
                    #"{"regs":[\#(regs)],"len":\#(UInt32(truncatingIfNeeded: number(index))),"data":"\#(String(repeating: "0123456789abcdef", count: 4))"}"#
            },
            wrap: { #"{"q":[\#($0.joined(separator: ","))]}"# }
        ),
        Case(
            name: "pointers",
            vmsd: """
                {"name":"t","fields":[{"name":"n","info":"uint32"},{"name":"a","info":"int32","flags":["VMS_ARRAY_OF_POINTER",
                "VMS_VARRAY_UINT32","VMS_POINTER","VMS_ALLOC"],"num_offset":"n","size":4}]}
                """,
            valuesPerElement: 1,
            qemu: (79, 49),
            element: { $0 % 4 == 3 ? "null" : String(Int32(truncatingIfNeeded: number($0))) },
            wrap: { #"{"n":\#($0.count),"a":[\#($0.joined(separator: ","))]}"# }
        ),
        Case(
            name: "uint64",
            vmsd: """
                {"name":"t","fields":[{"name":"n","info":"uint32"},{"name":"a","info":"uint64","flags":["VMS_VARRAY_UINT32",
                "VMS_POINTER"],"num_offset":"n"}]}
                """,
            valuesPerElement: 1,
            qemu: (73, 29),
            element: { String(number($0)) },
            wrap: { #"{"n":\#($0.count),"a":[\#($0.joined(separator: ","))]}"# }
        ),
    ]
}
