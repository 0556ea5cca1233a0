// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// The listeners of all loops, closed when the last loop leaves.
final class SharedListeners: Sendable {
    let all: [Listener]
    private let members: Mutex<Set<ObjectIdentifier>> = Mutex([])

    init(_ all: [Listener]) {
        self.all = all
    }

    func join(_ member: AnyObject) {
        let id = ObjectIdentifier(member)
        members.withLock { _ = $0.insert(id) }
    }

    func leave(_ member: AnyObject) {
        let id = ObjectIdentifier(member)
        let isLast = members.withLock { $0.remove(id) != nil && $0.isEmpty }
        if isLast { close() }
    }

    func close() {
        for listener in all { listener.close() }
    }
}
