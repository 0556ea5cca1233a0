// SPDX-License-Identifier: Apache-2.0

/// The layouts of an info's elements: the info's name and the element's size decide.
enum InfoLayout: Sendable {
    /// Names are not unique among targets; each length is another thing.
    case bySize([Int: Layout])
    /// Elements of many lengths; `seed` notes what the length says, and is false for a length that no element has.
    case any(Layout, seed: @Sendable (Int, inout Layout.Facts) -> Bool = { _, _ in true })

    /// The layout of elements of `size` bytes.
    func layout(size: Int, _ facts: inout Layout.Facts) -> Layout? {
        switch self {
        case .bySize(let layouts): layouts[size]
        case .any(let layout, let seed): seed(size, &facts) ? layout : nil
        }
    }

    /// The layout for a state where the size of the element is not known.
    var layout: Layout {
        switch self {
        case .bySize(let layouts): .oneOf(layouts.sorted { $0.key < $1.key }.map(\.value))
        case .any(let layout, _): layout
        }
    }

    /// Whether the size of an element follows from its content and not from the device.
    var isVariable: Bool {
        switch self {
        case .bySize: false
        case .any(let layout, _): layout.isVariable
        }
    }

    /// The layouts of the info of this name in the description of that name; nil: bytes.
    static func of(_ info: String, in description: String) -> InfoLayout? {
        if info == "virtio" { return .any(Virtio.layout(of: description)) }
        return table[info]
    }

    private static let table: [String: InfoLayout] = cpus.merging(devices) { first, _ in first }
}
