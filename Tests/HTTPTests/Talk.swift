// SPDX-License-Identifier: Apache-2.0

@testable import HTTP

/// A conversation without a socket, at a time the test sets.
struct Talk {
    var conversation: Conversation
    var output = OutputBuffer()
    var moment = Moment(milliseconds: 1_000, dateLine: Array("Date: now\r\n".utf8))
    var request: HTTPRequest?
    /// Input that was left because the last step was not `read`.
    var rest: [UInt8] = []

    init(_ configuration: HTTPConfiguration = HTTPConfiguration(), handler: any HTTPHandler = TestHandler()) {
        let context = ConversationContext(configuration, handler: handler)
        conversation = Conversation(context, peer: "test", now: moment.milliseconds)
    }

    /// Another connection of the same server.
    init(sharing other: Talk) {
        conversation = Conversation(other.conversation.context, peer: "test", now: moment.milliseconds)
    }

    /// Sends some bytes and gives the name of the step that follows.
    mutating func say(_ text: String) -> String {
        let input = rest + Array(text.utf8)
        var position = 0
        let step = conversation.receive(input.span, &position, &output, moment)
        rest = Array(input[position...])
        return name(step)
    }

    mutating func endInput() -> String { name(conversation.inputEnded(&output, moment)) }

    mutating func complete() -> String {
        guard let request else { return "nothing to complete" }
        self.request = nil
        return name(conversation.complete(TestHandler().respond(to: request), &output, moment))
    }

    /// Lets time go by and gives the step that follows from it, if any.
    mutating func wait(milliseconds: Int) -> String? {
        moment.milliseconds += milliseconds
        return conversation.expire(&output, moment).map { name($0) }
    }

    /// What was written since the last call.
    mutating func heard() -> String {
        defer { output.reset() }
        return String(decoding: output.bytes + output.tail, as: UTF8.self)
    }

    private mutating func name(_ step: Conversation.Step) -> String {
        switch step {
        case .read: return "read"
        case .flush: return "flush"
        case .finish: return "finish"
        case .close: return "close"
        case .work(let request):
            self.request = request
            return "work"
        }
    }
}

extension String {
    /// The status codes of all answers in a text.
    var statuses: [Int] {
        split(separator: "HTTP/1.1 ").dropFirst(hasPrefix("HTTP/1.1 ") ? 0 : 1).compactMap { Int($0.prefix(3)) }
    }
}

/// A GET of HTTP/1.1.
func get(_ target: String, _ fields: String...) -> String {
    "GET \(target) HTTP/1.1\r\nHost: a\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
}

/// A POST of HTTP/1.1 with a length.
func post(_ target: String, _ body: String, _ fields: String...) -> String {
    "POST \(target) HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n"
        + fields.map { $0 + "\r\n" }.joined() + "\r\n" + body
}
