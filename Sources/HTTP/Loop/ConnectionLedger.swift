// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// Counts the connections of all loops against the configured bounds.
final class ConnectionLedger: Sendable {
    private let maximum: Int
    private let maximumPerAddress: Int
    private let open = Atomic(0)
    private let byAddress = Mutex<[String: Int]>([:])

    init(maximum: Int, maximumPerAddress: Int) {
        self.maximum = maximum
        self.maximumPerAddress = maximumPerAddress
    }

    /// Enters a connection, unless there are too many.
    func enter(_ peer: String) -> Bool {
        guard open.wrappingAdd(1, ordering: .relaxed).newValue <= maximum else {
            open.count(-1)
            return false
        }
        guard maximumPerAddress > 0 else { return true }
        let isFree = byAddress.withLock { byAddress in
            guard byAddress[peer, default: 0] < maximumPerAddress else { return false }
            byAddress[peer, default: 0] += 1
            return true
        }
        if !isFree { open.count(-1) }
        return isFree
    }

    /// Takes an entered connection out again.
    func leave(_ peer: String) {
        open.count(-1)
        guard maximumPerAddress > 0 else { return }
        byAddress.withLock { byAddress in
            guard let count = byAddress[peer] else { return }
            byAddress[peer] = count > 1 ? count - 1 : nil
        }
    }
}
