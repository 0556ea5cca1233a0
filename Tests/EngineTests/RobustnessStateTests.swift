// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// Every fixture's state with a leaf replaced, a member removed or a member added.
@Suite struct RobustnessStateTests {
    static let folders =
        (Fixtures.list("codec").map { "codec/\($0)" } + Fixtures.list("devices").map { "devices/\($0)" })

    /// The texts of a state that differ from it in one place, with that place.
    private struct Variants {
        private(set) var replaced: [(path: String, text: [UInt8])] = []
        private(set) var removed: [(path: String, text: [UInt8])] = []
        private(set) var added: [(path: String, text: [UInt8])] = []

        static let values = ["null", "true", "-1", "18446744073709551616", "1.5", "\"x\"", "[]", "{}"]
        /// How many places of one kind a state is changed in; fewer without optimisation.
        private static let most: Int = {
            var isDebug = false
            assert(
                {
                    isDebug = true; return true
                }()
            )
            return isDebug ? 12 : 100
        }()

        init(_ state: JSONNode) {
            visit(state, "", [], [])
        }

        /// Makes the variants of `node`, which stands between `before` and `after` in the whole text.
        private mutating func visit(_ node: JSONNode, _ path: String, _ before: [UInt8], _ after: [UInt8]) {
            switch node.kind {
            case .object:
                let members = node.members
                func text(without index: Int?, with name: String? = nil) -> [UInt8] {
                    var parts: [[UInt8]] = members.indices.filter { $0 != index }.map {
                        Self.quoted(members[$0].name) + [0x3a] + members[$0].value.json()
                    }
                    if let name { parts.append(Self.quoted(name) + Array(":1".utf8)) }
                    return before + [0x7b] + Array(parts.joined(separator: [0x2c])) + [0x7d] + after
                }
                if added.count < Self.most { added.append((path + "/~0", text(without: nil, with: "~"))) }
                for (index, member) in members.enumerated() {
                    let place = path + "/" + Self.escaped(member.name)
                    if removed.count < Self.most { removed.append((place, text(without: index))) }
                    let parts: [[UInt8]] = members.map { Self.quoted($0.name) + [0x3a] + $0.value.json() }
                    let head: [UInt8] = parts[..<index].flatMap { $0 + [0x2c] } + Self.quoted(member.name) + [0x3a]
                    let tail: [UInt8] = parts[(index + 1)...].flatMap { [0x2c] + $0 }
                    visit(member.value, place, before + [0x7b] + head, tail + [0x7d] + after)
                }
            case .array where !node.elements.isEmpty:
                // The first and the last element stand for all.
                let parts = node.elements.map { $0.json() }
                for index in Set([0, parts.count - 1]) {
                    let head: [UInt8] = parts[..<index].flatMap { $0 + [0x2c] }
                    let tail: [UInt8] = parts[(index + 1)...].flatMap { [0x2c] + $0 }
                    visit(node.elements[index], "\(path)/\(index)", before + [0x5b] + head, tail + [0x5d] + after)
                }
            default:
                guard replaced.count < Self.most * Self.values.count else { return }
                for value in Self.values { replaced.append((path, before + Array(value.utf8) + after)) }
            }
        }

        private static func quoted(_ name: String) -> [UInt8] {
            Array("\"\(name)\"".utf8)
        }

        private static func escaped(_ name: String) -> String {
            name.replacing("~", with: "~0").replacing("/", with: "~1")
        }
    }

    @Test(arguments: folders)
    func aLeafOfAnotherKindIsAnErrorInItsPlaceOrEncodes(_ folder: String) throws {
        let fixture = try #require(RobustnessCase(root: Fixtures.root, folder: folder))
        for (path, text) in Variants(fixture.state).replaced {
            #expect(RobustnessChecks.encode(fixture, text) == nil, "\(folder) \(path)")
        }
    }

    @Test(arguments: folders)
    func aMemberThatIsMissingIsAnErrorInItsPlace(_ folder: String) throws {
        let fixture = try #require(RobustnessCase(root: Fixtures.root, folder: folder))
        for (path, text) in Variants(fixture.state).removed {
            do {
                _ = try fixture.codec.encode(JSONDocument(parsing: text).root, versionID: fixture.options.versionID)
                // Unused bytes, subsections and fields with a predicate that only the state decides, members that only
                // predicates read: what is not there is not written.
            } catch let error as VMStateError {
                // What counts elements or decides about a field is missed there.
                let codes: [VMStateError.Code] = [
                    .stateMissingField, .countUnknown, .valueTypeMismatch, .mustExist,
                ]
                #expect(codes.contains(error.code), "\(folder) \(path): \(error)")
                #expect(error.path != nil && error.statePath != nil)
                // An object that only offsets make is missed at its first member.
                if error.code == .stateMissingField, let place = error.statePath?.description {
                    #expect(
                        place == path || fixture.hasPredicates || place.hasPrefix(path + "/"),
                        "\(folder) \(path): \(error)"
                    )
                }
            }
        }
    }

    @Test(arguments: folders)
    func aMemberThatNothingUsesIsAnErrorInItsPlace(_ folder: String) throws {
        let fixture = try #require(RobustnessCase(root: Fixtures.root, folder: folder))
        for (path, text) in Variants(fixture.state).added {
            let error = #expect(throws: VMStateError.self, "\(folder) \(path)") {
                try fixture.codec.encode(JSONDocument(parsing: text).root, versionID: fixture.options.versionID)
            }
            guard error?.code != .valueTypeMismatch else {
                // A node of a tree has exactly two members.
                #expect(error?.statePath?.description == String(path.dropLast(3)))
                continue
            }
            #expect(error?.code == .stateUnknownMember, "\(folder) \(path)")
            #expect(error?.statePath?.description == path, "\(folder)")
        }
    }
}

extension RobustnessCase {
    /// Whether a missing member may make another one missing too.
    fileprivate var hasPredicates: Bool {
        guard let vmsd = Fixtures.read("\(folder)/vmsd.json") else { return false }
        let text = String(decoding: vmsd, as: UTF8.self)
        return text.contains("\"field_exists\"") || text.contains("\"needed\"")
    }
}
