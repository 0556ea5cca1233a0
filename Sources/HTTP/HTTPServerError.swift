// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Why a server did not start, or does not accept connections.
public struct HTTPServerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The call that failed.
    public let operation: String
    /// The address it was about, if it was about one.
    public let address: HTTPAddress?
    /// The system's error number.
    public let code: Int32

    init(operation: String, address: HTTPAddress? = nil, code: Int32) {
        self.operation = operation
        self.address = address
        self.code = code
    }

    /// For example `bind 127.0.0.1:80: Permission denied`.
    public var description: String {
        let reason = unsafe String(cString: strerror(code))
        return "\(operation)\(address.map { " \($0)" } ?? ""): \(reason)"
    }
}
