// SPDX-License-Identifier: Apache-2.0

/// What all conversations of a server share, worked out once from its configuration.
final class ConversationContext: Sendable {
    let handler: any HTTPHandler
    let parserLimits: ParserLimits
    let times: TimeLimits
    let maximumDrainBytes: Int
    let maximumUnsentBytes: Int
    let lingerBytes: Int
    let spool: HTTPSpool
    let held: HeldBytes

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
        held = HeldBytes(maximum: configuration.maximumHeldBodyBytes)
    }
}

/// The time of the present turn of an event loop, so that nothing below it reads a clock.
struct Moment {
    /// Milliseconds on a clock that never goes back.
    var milliseconds = 0
    /// The line `Date: …` with its CR LF.
    var dateLine: [UInt8] = []
}
