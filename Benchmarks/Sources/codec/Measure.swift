// SPDX-License-Identifier: Apache-2.0

/// The shortest of several runs of each body, the bodies in turn, so that a noisy moment hits all of them alike.
///
/// - Returns: nanoseconds for one call of each body.
func measure(rounds: Int, _ bodies: [() throws -> Int]) throws -> [Double] {
    let clock = ContinuousClock()
    var best = Array(repeating: Double.infinity, count: bodies.count)
    for _ in 0..<rounds {
        for (index, body) in bodies.enumerated() {
            var calls = 0
            let start = clock.now
            var elapsed = Duration.zero
            repeat {
                blackHole(try body())
                calls += 1
                elapsed = clock.now - start
            } while elapsed < .milliseconds(20)
            let nanoseconds = Double(elapsed.components.attoseconds) / 1e9 + Double(elapsed.components.seconds) * 1e9
            best[index] = min(best[index], nanoseconds / Double(calls))
        }
    }
    return best
}

/// Keeps the optimiser from dropping a result.
@inline(never)
func blackHole(_ value: Int) {
    sink = sink &+ value
}

nonisolated(unsafe) private var sink = 0
