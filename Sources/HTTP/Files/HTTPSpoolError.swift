// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Why bytes could not be put into a file of a spool, or read from it.
public enum HTTPSpoolError: Error, Sendable, Hashable {
    /// The file alone would have more bytes than the spool may hold.
    case tooLarge
    /// With the files that are there, the spool would hold more bytes than it may.
    case full
    /// The system's error number.
    case system(Int32)

    /// What to answer with: 413, 503 where trying again later may help, or 507.
    public var failure: HTTPFailure {
        switch self {
        case .tooLarge: .bodyTooLarge
        case .full: .spoolFull
        // Others will give theirs back.
        case .system(EMFILE), .system(ENFILE): .spoolFull
        case .system: .noStorage(description)
        }
    }
}

extension HTTPSpoolError: CustomStringConvertible {
    /// The system's words, or a few of our own.
    public var description: String {
        switch self {
        case .tooLarge: "More bytes than the spool may hold"
        case .full: "The spool is full"
        case .system(let code): unsafe String(cString: strerror(code))
        }
    }
}
