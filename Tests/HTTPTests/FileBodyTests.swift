// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import HTTP

@Suite("Bodies that go to files", .timeLimit(.minutes(10)))
struct FileBodyTests {
    private func head(_ path: String, _ field: String) -> String {
        "POST \(path) HTTP/1.1\r\nHost: a\r\n\(field)\r\n\r\n"
    }

    /// A request with a body of the pattern, declared or chunked.
    private func post(_ path: String, _ count: Int, chunked: Bool = false) -> [UInt8] {
        let body = pattern(count)
        guard chunked else { return Array(head(path, "Content-Length: \(count)").utf8) + body }
        var bytes = Array(head(path, "Transfer-Encoding: chunked").utf8)
        var rest = body[...]
        while !rest.isEmpty {
            let chunk = rest.prefix(7_000)
            rest = rest.dropFirst(chunk.count)
            bytes += Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + Array("\r\n".utf8)
        }
        return bytes + Array("0\r\n\r\n".utf8)
    }

    @Test("above the threshold a body is in a file, and it is whole either way", arguments: [false, true])
    func threshold(chunked: Bool) throws {
        try withFileServer { address, server, directory in
            let client = try TestClient(address)
            for (count, kind) in [(0, "bytes"), (9, "bytes"), (10, "bytes"), (11, "file"), (100_000, "file")] {
                client.send(post("/store", count, chunked: chunked))
                #expect(client.answer()?.text == "\(kind) \(count) true")
            }
            client.send(post("/memory", 100_000, chunked: chunked))
            #expect(client.answer()?.text == "bytes 100000 true")
            #expect(eventually { server.counters.spooledBytes == 0 && directory.openFiles == 0 })
        }
    }

    @Test("a body that comes byte by byte moves from memory to a file on its way")
    func byteByByte() throws {
        try withFileServer { address, _, _ in
            let client = try TestClient(address)
            for chunked in [false, true] {
                for byte in post("/store", 40, chunked: chunked) { client.send([byte]) }
                #expect(client.answer()?.text == "file 40 true")
            }
        }
    }

    @Test("more than the limit is 413, declared or while it comes, and the file is gone")
    func tooLarge() throws {
        try withFileServer { address, server, directory in
            let declared = try TestClient(address)
            declared.send(head("/store", "Content-Length: 100001"))
            #expect(declared.answer()?.status == 413)
            let chunked = try TestClient(address)
            chunked.send(head("/store", "Transfer-Encoding: chunked") + "186a0\r\n")
            chunked.send(pattern(100_000) + Array("\r\n".utf8))
            #expect(eventually { server.counters.spooledBytes == 100_000 && directory.openFiles == 1 })
            chunked.send("1\r\nx\r\n")
            let answer = chunked.answer()
            #expect(answer?.status == 413)
            #expect(answer?.head.contains("Connection: close\r\n") == true)
            #expect(chunked.isEnded())
            #expect(eventually { server.counters.spooledBytes == 0 && directory.openFiles == 0 })
        }
    }

    @Test("requests behind a body in a file are answered in order")
    func pipelined() throws {
        try withFileServer { address, _, _ in
            let client = try TestClient(address)
            var bytes: [UInt8] = []
            for chunked in [false, true] {
                bytes += post("/store", 50_000, chunked: chunked) + Array(get("/hello").utf8)
                bytes += post("/echo", 30_000, chunked: chunked) + post("/store", 3) + Array(get("/hello").utf8)
            }
            #expect(client.send(bytes))
            for _ in 0..<2 {
                #expect(client.answer()?.text == "file 50000 true")
                #expect(client.answer()?.text == "hello")
                #expect(client.answer().hasPattern(30_000))
                #expect(client.answer()?.text == "bytes 3 true")
                #expect(client.answer()?.text == "hello")
            }
        }
    }

    @Test("100 is sent for a body that goes to a file")
    func continued() throws {
        try withFileServer { address, _, _ in
            let client = try TestClient(address)
            client.send(head("/store", "Content-Length: 20\r\nExpect: 100-continue"))
            #expect(client.answer()?.status == 100)
            client.send(pattern(20))
            #expect(client.answer()?.text == "file 20 true")
        }
    }

    @Test("a client that vanishes in the middle leaves no file", arguments: [true, false])
    func vanished(resets: Bool) throws {
        try withFileServer { address, server, directory in
            let client = try TestClient(address)
            client.send(head("/store", "Content-Length: 90000"))
            client.send(pattern(50_000))
            #expect(eventually { server.counters.spooledBytes == 50_000 && directory.openFiles == 1 })
            if resets {
                client.reset()
            } else {
                client.endSending()
                #expect(client.answer()?.status == 400)
            }
            #expect(eventually { server.counters.spooledBytes == 0 && directory.openFiles == 0 })
        }
    }

    @Test("uploads that stall do not hold up others")
    func stalled() throws {
        try withFileServer(maximumBytes: 64 << 20, { $0.loops = 1 }) { address, server, directory in
            let uploads = try (0..<2).map { _ in try TestClient(address) }
            for upload in uploads {
                upload.send(head("/echo", "Content-Length: 4000000"))
                upload.send(Array(pattern(4_000_000).prefix(3_999_999)))
            }
            #expect(eventually { server.counters.spooledBytes == 7_999_998 && directory.openFiles == 2 })
            let other = try TestClient(address)
            other.send(get("/hello"))
            #expect(other.answer()?.text == "hello")
            #expect(server.counters.requestsWithWorkers == 0)
            for upload in uploads {
                upload.send(Array(pattern(4_000_000).suffix(1)))
                #expect(upload.answer().hasPattern(4_000_000))
            }
        }
    }

    @Test("what is in files is bounded together: 503 with Retry-After, and room again when others are done")
    func full() throws {
        try withFileServer(maximumBytes: 1_000) { address, server, _ in
            var first: TestClient? = try TestClient(address)
            first?.send(head("/store", "Content-Length: 900"))
            first?.send(pattern(800))
            #expect(eventually { server.counters.spooledBytes == 800 })
            // Known by the declared length, before any of it is sent.
            let declared = try TestClient(address)
            declared.send(head("/store", "Content-Length: 201\r\nExpect: 100-continue"))
            let refusal = declared.answer()
            #expect(refusal?.status == 503)
            #expect(refusal?.head.contains("Retry-After: 1\r\n") == true)
            let chunked = try TestClient(address)
            chunked.send(post("/store", 201, chunked: true))
            #expect(chunked.answer()?.status == 503)
            #expect(chunked.isEnded())
            let fits = try TestClient(address)
            fits.send(post("/store", 200))
            #expect(fits.answer()?.text == "file 200 true")
            first = nil
            #expect(eventually { server.counters.spooledBytes == 0 })
            fits.send(post("/store", 1_000))
            #expect(fits.answer()?.text == "file 1000 true")
        }
    }

    @Test("what can never fit is 413, not a reason to try again")
    func neverFits() throws {
        try withFileServer(maximumBytes: 1_000) { address, _, _ in
            for chunked in [false, true] {
                let client = try TestClient(address)
                client.send(post("/store", 1_001, chunked: chunked))
                let answer = client.answer()
                #expect(answer?.status == 413)
                #expect(answer?.head.contains("Retry-After") == false)
            }
        }
    }

    @Test("a disk that is full is 507 and the end of that connection only", arguments: [false, true])
    func diskFull(chunked: Bool) throws {
        // Every write to this device fails with ENOSPC.
        let spool = HTTPSpool(directory: nil, maximumBytes: 1 << 20) { _ in unsafe open("/dev/full", O_RDWR) }
        try withServer({ $0.spool = spool }, handler: FileHandler(spool: spool)) { address, server in
            let other = try TestClient(address)
            for _ in 0..<3 {
                let client = try TestClient(address)
                client.send(post("/store", 50_000, chunked: chunked))
                let answer = client.answer()
                #expect(answer?.status == 507)
                #expect(answer?.text == "The body cannot be stored: No space left on device\n")
                #expect(answer?.head.contains("Connection: close\r\n") == true)
                #expect(client.isEnded())
                other.send(post("/store", 5))
                #expect(other.answer()?.text == "bytes 5 true")
            }
            #expect(eventually { server.counters.spooledBytes == 0 })
        }
    }

    @Test("without a directory small bodies are served and others are 507")
    func noDirectory() throws {
        let spool = HTTPSpool(directory: "/nowhere/to/be/found")
        #expect(throws: HTTPSpoolError.system(ENOENT)) { try spool.check() }
        try withServer({ $0.spool = spool }, handler: FileHandler(spool: spool)) { address, _ in
            let client = try TestClient(address)
            client.send(post("/store", 10))
            #expect(client.answer()?.text == "bytes 10 true")
            // Short enough to be read and dropped: the connection is kept.
            client.send(post("/store", 11))
            #expect(client.answer()?.status == 507)
            client.send(post("/store", 9))
            #expect(client.answer()?.text == "bytes 9 true")
        }
    }

    @Test("without a descriptor for the file it is 503")
    func noDescriptor() throws {
        let spool = HTTPSpool(directory: nil, maximumBytes: 1 << 20) { _ throws(HTTPSpoolError) in throw .system(EMFILE)
        }
        try withServer({ $0.spool = spool }, handler: FileHandler(spool: spool)) { address, _ in
            let client = try TestClient(address)
            client.send(post("/store", 11))
            #expect(client.answer()?.status == 503)
        }
    }

    @Test("a body in a file has time as long as it keeps its rate; the work behind it has its own")
    func time() throws {
        var configuration = HTTPConfiguration()
        configuration.requestTimeout = .seconds(20)
        configuration.minimumBodyRate = 1
        configuration.minimumFileRate = 10
        var talk = Talk(configuration, handler: FileHandler(spool: configuration.spool))
        #expect(talk.say(head("/echo", "Content-Length: 1000")) == "read")
        let piece = String(repeating: "x", count: 100)
        for _ in 0..<9 {
            #expect(talk.say(piece) == "read")
            #expect(talk.wait(milliseconds: 9_000) == nil)
        }
        // 81 s; with 900 bytes the limit is 110 s.
        #expect(talk.wait(milliseconds: 28_000) == nil)
        var late = talk
        #expect(late.wait(milliseconds: 3_000) == "finish")
        #expect(late.heard().statuses == [408])
        #expect(talk.say(piece) == "work")
        #expect(talk.wait(milliseconds: 20_000) == nil)
        #expect(talk.wait(milliseconds: 1_000) == "finish")
        #expect(talk.heard().statuses == [503])
    }

    @Test("a body in memory has no such time")
    func timeInMemory() {
        var configuration = HTTPConfiguration()
        configuration.requestTimeout = .seconds(20)
        configuration.minimumBodyRate = 1
        configuration.minimumFileRate = 1
        var talk = Talk(configuration, handler: FileHandler(spool: configuration.spool))
        #expect(talk.say(head("/memory", "Content-Length: 1000") + String(repeating: "x", count: 900)) == "read")
        #expect(talk.wait(milliseconds: 21_000) == "finish")
        #expect(talk.heard().statuses == [408])
    }

    @Test("what is refused because the workers are busy leaves no file behind its answer")
    func refusedWork() throws {
        func configure(_ configuration: inout HTTPConfiguration) { configuration.workerQueueLength = 0 }
        try withFileServer(configure) { address, server, _ in
            let busy = try TestClient(address)
            busy.send(get("/wait?ms=1500"))
            #expect(eventually { server.counters.requestsWithWorkers == 1 })
            let client = try TestClient(address)
            for _ in 0..<200 {
                client.send(post("/echo", 1_000))
                #expect(client.answer()?.status == 503)
                #expect(server.counters.spooledBytes == 0)
            }
            #expect(busy.answer()?.text == "waited")
        }
    }

    @Test("memory for a body in a file is given back")
    func memory() {
        let spool = HTTPSpool(maximumBytes: 1 << 20)
        var configuration = HTTPConfiguration()
        configuration.spool = spool
        configuration.maximumHeldBodyBytes = 10
        var talk = Talk(configuration, handler: FileHandler(spool: spool))
        #expect(talk.say(head("/store", "Transfer-Encoding: chunked") + "a\r\n0123456789\r\n") == "read")
        #expect(talk.say("a\r\n0123456789\r\n") == "read")
        #expect(talk.conversation.heldBodyCapacity == 0)
        #expect(spool.heldBytes == 20)
        // The ten bytes that were held first are free for another.
        var other = Talk(sharing: talk)
        #expect(other.say(head("/memory", "Content-Length: 10") + "0123456789") == "read")
        #expect(other.heard().statuses == [200])
        talk.conversation.releaseBody()
        #expect(spool.heldBytes == 0)
    }
}
