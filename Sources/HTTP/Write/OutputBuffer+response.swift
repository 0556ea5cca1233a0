// SPDX-License-Identifier: Apache-2.0

/// What decides about the form of an answer beside the answer itself.
struct ResponseContext {
    var version = HTTPVersion.http11
    /// RFC 9110 §9.3.2: the answer to HEAD has the fields of the one to GET and no body.
    var isHead = false
    var keepsConnection = true
}

extension OutputBuffer {
    /// Appends an answer; `date` is the line of that name with its CR LF.
    mutating func append(_ response: HTTPResponse, _ context: ResponseContext, date: [UInt8]) {
        // RFC 9110 §2.5: the version is the highest one spoken here, not the client's.
        append("HTTP/1.1 ")
        append(decimal: response.status.rawValue)
        bytes.append(0x20)
        append(response.status.reasonPhrase)
        append("\r\n")
        // RFC 9110 §6.6.1: an origin server with a clock sends Date.
        bytes.append(contentsOf: date)
        appendFields(response.headers)
        if !context.keepsConnection {
            // RFC 9112 §9.6.
            append("Connection: close\r\n")
        } else if context.version == .http10 {
            // RFC 9112 §9.3: an HTTP/1.0 client has to be told that it is kept.
            append("Connection: keep-alive\r\n")
        }
        // RFC 9110 §8.6: no Content-Length with 204; with 304 it would have to be that of the 200.
        guard !response.status.forbidsBody else { return append("\r\n") }
        append("Content-Length: ")
        append(decimal: response.body.count)
        append("\r\n\r\n")
        guard !context.isHead else { return }
        switch response.body {
        case .bytes(let body) where body.count >= Self.largeBody && !hasTail:
            tail = body
            held = response.held
        case .bytes(let body): bytes.append(contentsOf: body)
        case .file(let slice) where !slice.range.isEmpty: file = slice
        case .file: break
        }
    }

    /// The handler's fields without those that are the server's own (RFC 9112 §6.3: framing has one author).
    private mutating func appendFields(_ headers: HTTPHeaders) {
        let source = headers.bytes.span
        for line in headers.lines {
            let name = Int(line.name.lowerBound)..<Int(line.name.upperBound)
            switch name.count {
            case 4 where source.equalsIgnoringCase(name, "date".utf8),
                10 where source.equalsIgnoringCase(name, "connection".utf8),
                14 where source.equalsIgnoringCase(name, "content-length".utf8),
                17 where source.equalsIgnoringCase(name, "transfer-encoding".utf8):
                continue
            default:
                source.append(name.lowerBound..<Int(line.value.upperBound), to: &bytes)
                append("\r\n")
            }
        }
    }
}
