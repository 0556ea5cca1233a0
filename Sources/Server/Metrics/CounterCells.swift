// SPDX-License-Identifier: Apache-2.0

internal import CEpoll
internal import Glibc
internal import Synchronization

/// A row of counters that many threads add to without waiting for each other.
///
/// There is one copy of the row for each core, up to sixteen, and a thread adds to the copy of the core it runs on;
/// reading takes the sum.
///
/// `@safe`: every index is checked against the row.
@safe final class CounterCells: Sendable {
    private static let maximumCopies = 16
    /// Counters between two copies, so that no cache line belongs to both.
    private static let padding = 16

    let count: Int
    private let copies: Int
    private let stride: Int
    /// Made and freed here alone; what threads share are its atomics.
    private nonisolated(unsafe) let cells: UnsafeMutableBufferPointer<Atomic<Int>>

    init(count: Int) {
        self.count = count
        stride = count + Self.padding
        copies = min(Self.maximumCopies, max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        unsafe cells = .allocate(capacity: copies * stride)
        for index in unsafe cells.indices { unsafe cells.initializeElement(at: index, to: Atomic(0)) }
    }

    deinit {
        unsafe cells.deinitialize().deallocate()
    }

    /// Where the running thread adds.
    var copy: Copy {
        Copy(cells: self, start: Int(max(0, sched_getcpu())) % copies * stride)
    }

    /// One copy of the row.
    struct Copy {
        fileprivate let cells: CounterCells
        fileprivate let start: Int

        /// Adds to a counter; wraps after 2⁶³.
        func add(_ difference: Int, to index: Int) {
            precondition((0..<cells.count).contains(index), "no such counter")
            _ = unsafe cells.cells[start + index].wrappingAdd(difference, ordering: .relaxed)
        }
    }

    /// The sum over all copies.
    subscript(index: Int) -> Int {
        precondition((0..<count).contains(index), "no such counter")
        return (0..<copies).reduce(0) { sum, copy in
            unsafe sum &+ cells[copy * stride + index].load(ordering: .relaxed)
        }
    }
}
