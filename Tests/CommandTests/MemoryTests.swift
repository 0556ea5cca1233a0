// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("Memory of the service", .timeLimit(.minutes(10)))
struct MemoryTests {
    @Test("what large requests took goes back when they have their answers")
    func goesBack() throws {
        let service = try RunningService()
        let size = 2_000_000
        let vmsd = #"{"name":"a","fields":[{"name":"b","info":"buffer","flags":["VMS_BUFFER"],"size":\#(size)}]}"#
        let request = #"{"vmsd":\#(vmsd),"stream":"\#(String(repeating: "5a", count: size))"}"#
        for _ in 0..<2 {
            let connection = try Connection(port: service.port)
            connection.send(Connection.post("/v1/decode", Array(request.utf8)))
            #expect(connection.rest().hasPrefix("HTTP/1.1 200 "))
        }
        // Kept in heaps it is 20 MiB and more.
        #expect((1..<12_000).contains(service.ownMemory))
    }
}
