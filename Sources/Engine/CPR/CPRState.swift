// SPDX-License-Identifier: Apache-2.0

/// The file with which a QEMU hands its descriptors to the next one on the same host: checkpoint and restart.
///
/// Wire: magic `QCPR`, version 1, and the fields and subsections of the VMSD `CprState`, without section header, footer and EOF.
/// In mode `cpr-transfer` a descriptor goes along a Unix socket and leaves the byte 0x20; in `cpr-exec` its number stands there, four bytes.
///
/// Source: QEMU migration/cpr.c, cpr_state_save(); migration/vmstate-types.c, put_fd().
public struct CPRState {
    /// How descriptors are handed on.
    public enum Mode: String, CaseIterable, Sendable {
        /// Along a Unix socket: one byte each.
        case transfer = "cpr-transfer"
        /// They stay open across `exec()`: their numbers.
        case exec = "cpr-exec"
    }

    static let magic: [UInt8] = Array("QCPR".utf8)
    static let version: UInt32 = 1
    static let headerSize = 8

    /// The mode; nil: there is no descriptor, so both look the same.
    public let mode: Mode?
    let decoded: VMStateCodec.Decoded
    let size: Int

    /// Reads the file.
    ///
    /// - Returns: nil when `source` does not begin with `QCPR`.
    /// - Throws: `stream-invalid`, what stopped the decoder, `limit-exceeded` and `input-unreadable`; offsets count from the
    ///   magic.
    public init?(reading source: any StreamSource, limits: Limits = .default) throws(VMStateError) {
        var input = StreamInput(source, limit: limits.streamWindow)
        guard try input.has(4), input.copy(0..<4) == Self.magic else { return nil }
        var wanted = 1 << 12
        while try input.has(wanted) {
            guard wanted < limits.streamWindow else {
                throw VMStateError(.limitExceeded, expected: "descriptors of at most \(limits.streamWindow) bytes")
            }
            wanted = min(2 * wanted, limits.streamWindow)
        }
        try self.init(input.copy(0..<input.available), limits: limits)
    }

    /// Reads the bytes, which begin with the magic.
    private init(_ bytes: [UInt8], limits: Limits) throws(VMStateError) {
        guard bytes.count >= Self.headerSize else {
            throw VMStateError(
                .streamTruncated,
                at: bytes.count,
                expected: "magic and version, \(Self.headerSize) bytes",
                found: "\(bytes.count)",
                rule: StreamRule.header
            )
        }
        guard bytes.bigEndian32(at: 4) == Self.version else {
            throw VMStateError(
                .streamInvalid,
                at: 4,
                expected: "version \(Self.version) of the CPR state",
                found: String(bytes.bigEndian32(at: 4)),
                rule: StreamRule.header
            )
        }
        let body = Array(bytes[Self.headerSize...])
        let transfer = Result { () throws(VMStateError) in try Self.decode(body, .transfer, limits) }
        let exec = Result { () throws(VMStateError) in try Self.decode(body, .exec, limits) }
        switch (transfer, exec) {
        case (.success(let reading), _) where reading.problem == nil:
            decoded = reading.decoded
            let hasDescriptors = decoded.state.root["fds"]?.elements.isEmpty == false
            mode = hasDescriptors ? .transfer : nil
        case (_, .success(let reading)) where reading.problem == nil:
            decoded = reading.decoded
            mode = .exec
        default: throw Self.likeliest(transfer, exec)
        }
        size = bytes.count
    }

    /// Whether a source that can be read again begins as a CPR state does.
    static func isMagic(of source: any StreamSource) throws(VMStateError) -> Bool {
        var input = StreamInput(source, limit: headerSize)
        return try input.has(magic.count) && input.copy(0..<magic.count) == magic
    }

    /// What is wrong with the file.
    ///
    /// - Throws: `input-unreadable` and `limit-exceeded`.
    public static func report(
        _ source: any StreamSource,
        limits: Limits = .default
    ) throws(VMStateError) -> ValidationReport {
        do throws(VMStateError) {
            guard try CPRState(reading: source, limits: limits) == nil else { return ValidationReport([]) }
            return ValidationReport(
                VMStateError(
                    .streamInvalid,
                    at: 0,
                    expected: "\"QCPR\"",
                    found: "another magic",
                    rule: StreamRule.header
                )
            )
        } catch {
            guard error.code != .inputUnreadable, error.code != .limitExceeded else { throw error }
            return ValidationReport(error)
        }
    }

    // MARK: Two ways to read one file

    private struct Reading {
        let decoded: VMStateCodec.Decoded
        /// What no QEMU would have written, although it can be read.
        var problem: VMStateError?
    }

    private static func decode(_ body: [UInt8], _ mode: Mode, _ limits: Limits) throws(VMStateError) -> Reading {
        var options = VMStateCodec.DecodeOptions()
        options.recordsOffsets = true
        let decoded = try codec(mode, limits).decode(body, options)
        guard decoded.consumed == body.count else {
            throw VMStateError(
                .trailingBytes,
                at: decoded.consumed,
                expected: "the end of the CPR state",
                found: "1 more byte",
                statePath: JSONPointer()
            )
        }
        var reading = Reading(decoded: decoded)
        for leaf in decoded.offsets where reading.problem == nil {
            reading.problem = problem(of: leaf.path, body[leaf.range], mode)
        }
        return reading
    }

    private static func problem(of path: JSONPointer, _ bytes: ArraySlice<UInt8>, _ mode: Mode) -> VMStateError? {
        switch path.tokens.last {
        case "fd" where mode == .transfer && bytes.first != 0x20:
            return VMStateError(
                .markerInvalid,
                at: bytes.startIndex,
                expected: "0x20, what is left of a descriptor",
                found: "0x" + Hex.text(Array(bytes)),
                statePath: path
            )
        case "fd" where mode == .exec && bytes.first != 0:
            // No process has so many files open; of a file that came along a socket and was cut it is the byte 0x20.
            return VMStateError(
                .valueOutOfRange,
                at: bytes.startIndex,
                expected: "a descriptor 0 … \(0xff_ffff)",
                found: "0x" + Hex.text(Array(bytes)),
                statePath: path
            )
        case "name" where bytes.firstIndex(of: 0).map({ $0 + 1 }) != bytes.endIndex:
            return VMStateError(
                .valueOutOfRange,
                at: bytes.startIndex,
                expected: "a name that ends with its only zero byte",
                found: "0x" + Hex.text(Array(bytes.prefix(32))),
                statePath: path
            )
        default: return nil
        }
    }

    /// The error of the mode that the file is in most likely, with its place in the file.
    private static func likeliest(
        _ transfer: Result<Reading, VMStateError>,
        _ exec: Result<Reading, VMStateError>
    ) -> VMStateError {
        var error: VMStateError
        switch (transfer, exec) {
        case (.success(let reading), .failure(let other)): error = reading.problem ?? other
        case (.failure(let other), .success(let reading)):
            let isCut = reading.problem?.statePath?.tokens.last == "fd"
            error = isCut ? other : reading.problem ?? other
        case (.failure(let first), .failure(let second)):
            error = (first.offset ?? 0) >= (second.offset ?? 0) ? first : second
        case (.success(let reading), .success(let other)):
            error = reading.problem ?? other.problem ?? VMStateError(.streamInvalid, at: 0, rule: StreamRule.header)
        }
        error.offset = (error.offset ?? 0) + headerSize
        error.statePath = JSONPointer(["state"] + (error.statePath?.tokens ?? []))
        return error
    }
}
