// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// Bytes of bodies that a server holds in memory, of requests and of answers, and how many there may be.
final class HeldBytes: Sendable {
    private let maximum: Int
    private let count = Atomic(0)

    init(maximum: Int) {
        self.maximum = maximum
    }

    /// Whether there are so many that no further work may begin.
    var isExceeded: Bool { count.load(ordering: .relaxed) > maximum }

    /// Enters bytes that are going to be held.
    ///
    /// - Returns: false, with nothing entered, when all of them together would be too many.
    func hold(_ bytes: Int) -> Bool {
        guard count.wrappingAdd(bytes, ordering: .relaxed).newValue <= maximum else {
            count.count(-bytes)
            return false
        }
        return true
    }

    /// Takes bytes out again that were entered.
    func release(_ bytes: Int) {
        if bytes > 0 { count.count(-bytes) }
    }

    /// Enters bytes that are there already.
    fileprivate func enter(_ bytes: Int) {
        count.count(bytes)
    }
}

/// The share that an answer in memory has of the bytes that are held, until its last reference is gone.
///
/// That is when the client has taken the answer, or its connection has ended.
final class HeldAnswer: Sendable {
    private let count: Int
    private let held: HeldBytes

    /// Enters an answer that is there, whether there is room or not.
    init(_ count: Int, in held: HeldBytes) {
        self.count = count
        self.held = held
        held.enter(count)
    }

    deinit {
        held.release(count)
    }
}
