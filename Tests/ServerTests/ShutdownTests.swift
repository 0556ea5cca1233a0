// SPDX-License-Identifier: Apache-2.0

import Engine
import Testing

@testable import Server

@Suite("The end of a service", .timeLimit(.minutes(10)))
struct ShutdownTests {
    @Test func readinessEndsWhenTheEndIsAnnounced() throws {
        try withService({ _ in }) { port, service in
            let open = try Client(port: port)
            #expect(try open.ask("GET", "/readyz").status == 200)
            service.beginShutdown()
            let answer = try open.ask("GET", "/readyz")
            #expect(answer.status == 503)
            #expect(answer["Content-Type"] == "application/problem+json")
            #expect(answer.json?["detail"]?.string == "the service is shutting down")
            // The client is to come back elsewhere.
            #expect(answer["Connection"] == "close")
        }
    }

    @Test func requestsAreStillTakenAfterIt() throws {
        try withService({ _ in }) { port, service in
            service.beginShutdown()
            for path in ["/livez", "/healthz", "/openapi.yaml"] {
                #expect(try Client(port: port).ask("GET", path).status == 200)
            }
            let type = [("Content-Type", "application/json")]
            let answer = try Client(port: port).ask("POST", "/v1/encode", type, body: Array(Documents.encode.utf8))
            #expect(answer.status == 200)
            #expect(answer["Connection"] == "close")
        }
    }
}
