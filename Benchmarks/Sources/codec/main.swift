// SPDX-License-Identifier: Apache-2.0

import Engine

/// Text right-aligned in a column.
func column(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
}

func fixed(_ value: Double) -> String {
    let tenths = Int(value * 10 + 0.5)
    return "\(tenths / 10).\(tenths % 10)"
}

let arguments = CommandLine.arguments.dropFirst()
let rounds = 7
print(
    "nanoseconds a value (buffer: GB/s of wire bytes); ratio: to QEMU's C without JSON, 60/33 ns structs, 77/33 queue, …"
)
print(
    column("case", 10) + column("JSON", 9) + column("JSON→wire", 18) + column("wire→JSON", 18)
        + column("state→wire", 18)
        + column("wire→state", 18)
)
for example in Case.all where arguments.isEmpty || arguments.contains(example.name) {
    let codec = try example.codec()
    for size in [2_000, 100_000, 10_000_000] {
        let (json, elements) = example.state(bytes: size)
        let state = try JSONDocument(parsing: json)
        let wire = try codec.encode(state.root).bytes
        let decoded = try codec.decode(wire).state
        guard decoded.root.json() == json, try codec.encode(decoded.root).bytes == wire else {
            print("\(example.name): what was decoded is not what was encoded")
            continue
        }
        let times = try measure(
            rounds: rounds,
            [
                { try codec.encode(JSONDocument(parsing: json).root).bytes.count },
                { try codec.decode(wire).state.root.json().count },
                { try codec.encode(decoded.root).bytes.count },
                { try codec.decode(wire).consumed },
            ]
        )
        let values = Double(elements * example.valuesPerElement)
        let cells = zip(times, [0, 1, 2, 3]).map { time, index -> String in
            guard let qemu = example.qemu else { return column(fixed(Double(wire.count) / time), 18) }
            let target = index % 2 == 0 ? qemu.save : qemu.load
            return column("\(fixed(time / values)) (\(fixed(time / values / target * 100)) %)", 18)
        }
        print(column(example.name, 10) + column("\(json.count / 1000) KB", 9) + cells.joined())
    }
}
