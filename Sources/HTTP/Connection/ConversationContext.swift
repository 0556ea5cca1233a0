// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// What all conversations of a server share, worked out once from its configuration.
final class ConversationContext: Sendable {
    let handler: any HTTPHandler
    let parserLimits: ParserLimits
    let times: TimeLimits
    let maximumDrainBytes: Int
    let maximumUnsentBytes: Int
    let lingerBytes: Int
    let spool: HTTPSpool
    private let maximumHeldBodyBytes: Int
    private let heldBodyBytes = Atomic(0)

    init(_ configuration: HTTPConfiguration, handler: any HTTPHandler) {
        self.handler = handler
        parserLimits = ParserLimits(
            targetBytes: configuration.maximumTargetBytes,
            headerBytes: configuration.maximumHeaderBytes,
            headerCount: configuration.maximumHeaderCount
        )
        times = TimeLimits(configuration)
        maximumDrainBytes = configuration.maximumDrainBytes
        maximumUnsentBytes = configuration.maximumUnsentBytes
        lingerBytes = configuration.lingerBytes
        spool = configuration.spool
        maximumHeldBodyBytes = configuration.maximumHeldBodyBytes
    }

    /// Enters bytes of a body that a conversation is going to hold.
    ///
    /// - Returns: false, with nothing entered, when all of them together would be too many.
    func hold(bodyBytes count: Int) -> Bool {
        guard heldBodyBytes.wrappingAdd(count, ordering: .relaxed).newValue <= maximumHeldBodyBytes else {
            heldBodyBytes.count(-count)
            return false
        }
        return true
    }

    /// Takes bytes out again that were entered.
    func release(bodyBytes count: Int) {
        if count > 0 { heldBodyBytes.count(-count) }
    }
}

/// The time of the present turn of an event loop, so that nothing below it reads a clock.
struct Moment {
    /// Milliseconds on a clock that never goes back.
    var milliseconds = 0
    /// The line `Date: …` with its CR LF.
    var dateLine: [UInt8] = []
}
