// SPDX-License-Identifier: Apache-2.0

import Engine
import Hummingbird
import Logging

// hummingbird-peer PORT: the routes on Hummingbird as its own examples write them, without middleware.
let port = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 8080
let ok = ByteBuffer(string: "{\"status\":\"ok\"}")

@Sendable func json(_ body: ByteBuffer) -> Response {
    Response(status: .ok, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: body))
}

let router = Router()
router.get("/healthz") { _, _ in json(ok) }
router.post("/sink") { request, _ in
    _ = try await request.body.collect(upTo: 1 << 20)
    return json(ok)
}
router.post("/v1/decode") { request, _ in
    let body = try await request.body.collect(upTo: 1 << 20)
    let document = try JSONDocument(request: Array(body.readableBytesView), limits: .default)
    return json(ByteBuffer(bytes: try DecodeRequest(document.root).document()))
}

var logger = Logger(label: "peer")
logger.logLevel = .error
let application = Application(
    router: router,
    configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port)),
    logger: logger
)
try await application.runService()
