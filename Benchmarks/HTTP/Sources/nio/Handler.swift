// SPDX-License-Identifier: Apache-2.0

import Engine
import NIOCore
import NIOHTTP1

/// `GET /healthz`, `POST /sink` and `POST /v1/decode` on one connection.
final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private static let ok = Answer("{\"status\":\"ok\"}")
    private static let notFound = Answer("{\"status\":404}", .notFound)

    private var head: HTTPRequestHead?
    private var body: ByteBuffer?

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = nil
        case .body(var part):
            if body?.writeBuffer(&part) == nil { body = part }
        case .end:
            guard let head else { return }
            write(answer(head), context)
            self.head = nil
            body = nil
        }
    }

    private func answer(_ head: HTTPRequestHead) -> Answer {
        switch (head.method, head.uri) {
        case (.GET, "/healthz"), (.POST, "/sink"): Self.ok
        case (.POST, "/v1/decode"): decode()
        default: Self.notFound
        }
    }

    private func decode() -> Answer {
        do {
            let document = try JSONDocument(request: body.map { Array($0.readableBytesView) } ?? [], limits: .default)
            return Answer(try DecodeRequest(document.root).document())
        } catch {
            return Answer("{\"status\":422}", .unprocessableEntity)
        }
    }

    private func write(_ answer: Answer, _ context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(answer.head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(answer.body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}

/// Head and body of an answer; those that never change are made once.
struct Answer: Sendable {
    let head: HTTPResponseHead
    let body: ByteBuffer

    init(_ text: String, _ status: HTTPResponseStatus = .ok) {
        self.init(Array(text.utf8), status)
    }

    init(_ bytes: [UInt8], _ status: HTTPResponseStatus = .ok) {
        body = ByteBuffer(bytes: bytes)
        let headers: HTTPHeaders = ["Content-Type": "application/json", "Content-Length": String(bytes.count)]
        head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
    }
}
