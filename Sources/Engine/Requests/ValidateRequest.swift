// SPDX-License-Identifier: Apache-2.0

/// `POST /v1/validate`: a description by the rules, and whether a state or a stream goes with it.
public struct ValidateRequest {
    private let request: CodecRequest
    private let state: JSONNode?
    private let stream: [UInt8]?
    private let options: VMStateCodec.DecodeOptions
    private let limits: Limits

    /// Reads the request document.
    ///
    /// - Parameters:
    ///   - node: the document.
    ///   - stream: the bytes, when they come beside the document.
    ///   - limits: what the request may use.
    /// - Throws: `request-invalid` for the request itself.
    public init(_ node: JSONNode, stream: [UInt8]? = nil, limits: Limits = .default) throws(VMStateError) {
        request = try CodecRequest(node, ["state", "initial", "partial"] + (stream == nil ? ["stream"] : []))
        state = request.reader["state"]
        if let stream {
            self.stream = stream
        } else if request.reader["stream"] != nil {
            self.stream = try request.reader.stream(limits: limits)
        } else {
            self.stream = nil
        }
        var options = VMStateCodec.DecodeOptions()
        options.versionID = request.versionID
        options.initial = request.reader["initial"]
        options.isPartial = try request.reader.bool("partial") ?? false
        self.options = options
        self.limits = limits
    }

    /// What is found.
    public func report() -> ValidationReport {
        var findings = DescriptionChecker(request.document, dialect: request.dialect, given: request.given).findings()
        if findings.allSatisfy({ $0.severity != .error }) || state != nil || stream != nil, let error = codecError() {
            let finding = Finding(error)
            // What the codec refuses in a description is mostly what a rule has already said.
            let isKnown = findings.contains {
                $0.severity == .error && $0.rule == finding.rule && $0.path == finding.path
            }
            if !isKnown { findings.append(finding) }
        }
        return ValidationReport(findings)
    }

    /// The first thing that stops the codec; nil when nothing does.
    private func codecError() -> VMStateError? {
        do throws(VMStateError) {
            // A dump can only be judged; a vmdesc may hold many devices.
            guard request.document.kind == .vmsd || state != nil || stream != nil else { return nil }
            let codec = try request.codec(limits)
            if let state { _ = try codec.encode(state, versionID: request.versionID) }
            if let stream { _ = try codec.decode(stream, options) }
            return nil
        } catch {
            // A description may leave its constants to the one who uses it.
            return error.code == .countUnknown && state == nil && stream == nil ? nil : error
        }
    }
}
