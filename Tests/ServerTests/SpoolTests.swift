// SPDX-License-Identifier: Apache-2.0

import Compression
import Engine
import Glibc
import HTTP
import Logging
import TestSupport
import Testing

@testable import Server

/// Bodies in files, as routes see them.
@Suite("Bodies in files", .timeLimit(.minutes(10)))
struct SpoolTests {
    private static let octets = [("Content-Type", "application/octet-stream")]

    /// Bytes that tell when some are missing.
    private static func pattern(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        let block = (0..<1_021).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
        while bytes.count < count { bytes += block.prefix(count - bytes.count) }
        return bytes
    }

    /// Runs a service with a route that says what it got and one that gives it back.
    private func withRoutes(
        _ configure: (inout ServiceConfiguration) -> Void = { _ in },
        _ body: (Client, HTTPSpool) throws -> Void
    ) throws {
        var configuration = ServiceConfiguration()
        configuration.memoryBodyBytes = 1_000
        configuration.http.addresses = [.ip(host: "127.0.0.1", port: 0)]
        configuration.http.spool = HTTPSpool(maximumBytes: 1_000_000)
        configure(&configuration)
        let spool = Spool(configuration)
        let types = [Routes.octets, Routes.form]
        let kind = Route(method: "POST", path: "/kind", accepts: types + [Routes.json], takesStream: types) { request in
            let kind = if case .file = request.content { "file" } else { "bytes" }
            let isRight = (try? request.content.bytes(0..<request.content.count)) == Self.pattern(request.content.count)
            return HTTPResponse(Array("\(kind) \(request.content.count) \(isRight)".utf8), "text/plain")
        }
        let copy = Route(method: "POST", path: "/copy", accepts: types, takesStream: types) { request throws(Problem) in
            let source = request.content.source
            let copy = try spool.body(beside: request.content) { append throws(VMStateError) in
                try [StreamPiece.source(0..<request.content.count)].write(from: source, to: append)
            }
            return HTTPResponse(copy, Routes.octets)
        }
        let part = Route(method: "POST", path: "/part", accepts: types, takesStream: types) { request throws(Problem) in
            let form = try request.form
            let text = String(decoding: try form["request"] ?? [], as: UTF8.self)
            guard let stream = form.content("stream") else { throw Problem(.badRequest, text) }
            return HTTPResponse(.ok, headers: HTTPHeaders([("X-Text", text)]), body: stream)
        }
        let service = Service(
            configuration,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            routes: [kind, copy, part]
        )
        let server = HTTPServer(configuration: configuration.http, handler: service)
        guard case .ip(_, let port) = try server.start().first else { throw ClientError(step: "start") }
        defer { server.shutdown(grace: .seconds(5)) }
        try body(Client(port: port), configuration.http.spool)
        #expect(eventually { configuration.http.spool.heldBytes == 0 })
    }

    private func eventually(_ condition: () -> Bool) -> Bool {
        for _ in 0..<500 where !condition() { usleep(10_000) }
        return condition()
    }

    @Test func aRouteGetsEitherForm() throws {
        try withRoutes { client, _ in
            for (count, kind) in [(0, "bytes"), (1_000, "bytes"), (1_001, "file"), (500_000, "file")] {
                let answer = try client.ask("POST", "/kind", Self.octets, body: Self.pattern(count))
                #expect(answer.text == "\(kind) \(count) true")
            }
        }
    }

    @Test func otherMediaTypesStayInMemoryWithTheirOwnLimit() throws {
        try withRoutes({ $0.bodyBytes = 5_000 }) { client, _ in
            let json = [("Content-Type", "application/json")]
            let fits = try client.ask("POST", "/kind", json, body: Self.pattern(5_000))
            #expect(fits.text == "bytes 5000 true")
            #expect(try client.ask("POST", "/kind", json, body: Self.pattern(5_001)).status == 413)
        }
    }

    @Test func streamsHaveALimitOfTheirOwn() throws {
        try withRoutes({ $0.streamBytes = 2_000 }) { client, _ in
            #expect(try client.ask("POST", "/kind", Self.octets, body: Self.pattern(2_000)).text == "file 2000 true")
            let answer = try client.ask("POST", "/kind", Self.octets, body: Self.pattern(2_001))
            #expect(answer.status == 413)
            #expect(answer.json?["detail"]?.string?.contains("2000") == true)
        }
    }

    /// A client that has its answer may send the next stream, which may need all the room.
    @Test func whatARequestTookIsFreeWhenItsAnswerIsThere() throws {
        try withRoutes { client, spool in
            let body = Self.pattern(700_000)
            for _ in 0..<40 {
                let answer = try client.ask("POST", "/kind", Self.octets, body: body)
                #expect(answer.text == "file 700000 true")
                #expect(spool.heldBytes == 0)
            }
        }
    }

    @Test func aRouteAnswersWithAFile() throws {
        try withRoutes { client, spool in
            for count in [0, 1_000, 1_001, 400_000] {
                let answer = try client.ask("POST", "/copy", Self.octets, body: Self.pattern(count))
                let isRight = answer.body == Self.pattern(count)
                #expect(answer.status == 200 && isRight)
            }
            // The body and its copy together never fit.
            let answer = try client.ask("POST", "/copy", Self.octets, body: Self.pattern(600_000))
            #expect(answer.status == 413)
            #expect(answer["Content-Type"] == "application/problem+json")
            #expect(eventually { spool.heldBytes == 0 })
            // When others are done they may.
            let other = try spool.makeFile()
            try other.extend(to: 300_000)
            let busy = try client.ask("POST", "/copy", Self.octets, body: Self.pattern(400_000))
            #expect(busy.status == 503)
            #expect(busy["Retry-After"] != nil)
            #expect(eventually { spool.heldBytes == 300_000 })
            withExtendedLifetime(other) {}
        }
    }

    @Test(arguments: ["gzip", "deflate"])
    func codedBodiesAreInflatedIntoFiles(_ coding: String) throws {
        try withRoutes { client, _ in
            let headers = Self.octets + [("Content-Encoding", coding)]
            for (count, kind) in [
                (0, "bytes"), (1_000, "bytes"), (1_001, "file"), (262_144, "file"), (700_000, "file"),
            ] {
                let body = try #require(Deflater.deflate(Self.pattern(count), isGzip: coding == "gzip"))
                #expect(try client.ask("POST", "/kind", headers, body: body).text == "\(kind) \(count) true")
            }
        }
    }

    @Test func whatIsStoredIsAsLargeBothWays() throws {
        // A body that does not become smaller, so that the coded one is in a file as well.
        let noise = (0..<50_000).map { _ in UInt8.random(in: 0...255) }
        try withRoutes { client, spool in
            let coded = try #require(Deflater.deflate(noise, isGzip: true))
            let headers = Self.octets + [("Content-Encoding", "gzip")]
            #expect(try client.ask("POST", "/copy", headers, body: coded).body == noise)
            // Members, also empty ones and those that end where a piece of the input does.
            let empty = try #require(Deflater.deflate([], isGzip: true))
            #expect(try client.ask("POST", "/copy", headers, body: empty + coded + empty + coded).body == noise + noise)
            for count in [coded.count - 1, coded.count - 8, coded.count / 2, coded.count + 12] {
                let answer = try client.ask("POST", "/copy", headers, body: Array((coded + coded).prefix(count)))
                #expect(answer.status == 400)
                #expect(answer.json?["detail"]?.string?.contains("ends too early") == true, "\(count)")
            }
            var damaged = coded
            damaged[coded.count - 5] ^= 1
            let answer = try client.ask("POST", "/copy", headers, body: damaged)
            #expect(answer.json?["detail"]?.string?.contains("damaged at offset") == true)
            #expect(try client.ask("POST", "/copy", headers, body: coded + [0]).status == 400)
            let zlib = try #require(Deflater.deflate(noise, isGzip: false))
            let deflate = Self.octets + [("Content-Encoding", "deflate")]
            #expect(try client.ask("POST", "/copy", deflate, body: zlib).body == noise)
            #expect(try client.ask("POST", "/copy", deflate, body: Array(zlib.dropFirst(2).dropLast(4))).body == noise)
            #expect(try client.ask("POST", "/copy", deflate, body: zlib + zlib).status == 400)
            #expect(eventually { spool.heldBytes == 0 })
        }
    }

    @Test func aBombStopsAtTheLimit() throws {
        // 50 MB in 50 KB; the files may have 1 MB.
        let bomb = try #require(Deflater.deflate([UInt8](repeating: 0, count: 50 << 20), isGzip: true))
        let headers = Self.octets + [("Content-Encoding", "gzip")]
        try withRoutes { client, spool in
            let answer = try client.ask("POST", "/kind", headers, body: bomb)
            #expect(answer.status == 413)
            #expect(eventually { spool.heldBytes == 0 })
            #expect(try client.ask("POST", "/kind", Self.octets, body: Self.pattern(900_000)).status == 200)
        }
        try withRoutes({ $0.streamBytes = 100_000 }) { client, _ in
            let answer = try client.ask("POST", "/kind", headers, body: bomb)
            #expect(answer.status == 413)
            #expect(answer.json?["detail"]?.string?.contains("100000") == true)
        }
    }

    @Test func withoutADirectoryStreamsAre507() throws {
        try withRoutes({ $0.http.spool = HTTPSpool(directory: "/nowhere/to/be/found") }) { client, _ in
            #expect(try client.ask("POST", "/copy", Self.octets, body: Self.pattern(1_000)).status == 200)
            let answer = try client.ask("POST", "/copy", Self.octets, body: Self.pattern(1_001))
            #expect(answer.status == 507)
            #expect(answer["Content-Type"] == "application/problem+json")
            #expect(answer.json?["detail"]?.string?.contains("No such file or directory") == true)
            // What becomes too large only when it is inflated.
            let body = try #require(Deflater.deflate(Self.pattern(100_000), isGzip: true))
            let coded = Self.octets + [("Content-Encoding", "gzip")]
            #expect(try client.ask("POST", "/kind", coded, body: body.count > 1_000 ? [] : body).status != 200)
        }
    }

    @Test func aPartOfAFormInAFileIsNotRead() throws {
        try withRoutes({ $0.bodyBytes = 2_000 }) { client, _ in
            let type = [("Content-Type", "multipart/form-data; boundary=b0undary")]
            for count in [0, 1, 1_000, 262_100, 700_000] {
                let stream = Self.pattern(count)
                let answer = try client.ask("POST", "/part", type, body: form(Array("text".utf8), stream))
                let isRight = answer.body == stream
                #expect(answer.status == 200 && isRight && answer["X-Text"] == "text", "\(count)")
            }
            let large = form([UInt8](repeating: 0x61, count: 2_001), [1])
            #expect(try client.ask("POST", "/part", type, body: large).status == 413)
        }
    }

    @Test func streamsGoThroughTheRoutesFromFiles() throws {
        // A stream that is larger than what is held in memory: decoded, checked and edited from its file.
        try withRoutes({ $0.memoryBodyBytes = 4 }) { client, _ in
            let decode = try client.ask("POST", "/v1/decode", Self.octets, body: Array("QEVMxxxxxxxx".utf8))
            #expect(decode.status == 422)
            #expect(decode.code == "stream-invalid")
            let type = [("Content-Type", "multipart/form-data; boundary=b0undary")]
            let body = form(Array("{\"vmsd\":\(Documents.byteVMSD)}".utf8), [7])
            #expect(try client.ask("POST", "/v1/decode", type, body: body).json?["state"]?["a"]?.int == 7)
        }
    }
}

/// Forms that are scanned in a file, against the same in memory.
@Suite("Forms in files")
struct MultipartFileTests {
    private let type = MediaType("multipart/form-data; boundary=b0undary")

    private func inFile(_ bytes: [UInt8]) throws -> HTTPBody {
        let writer = try HTTPSpool().makeFile()
        try writer.append(bytes)
        return .file(HTTPFileSlice(writer.finish()))
    }

    private func parts(_ body: HTTPBody) -> String {
        do throws(Problem) {
            return try Multipart(body, type).parts.map { "\($0.name) \($0.range)" }.joined(separator: ", ")
        } catch {
            return error.detail
        }
    }

    /// The window has 256 KiB: boundaries and line ends lie across its end at one of these lengths.
    @Test(arguments: 262_144 - 260...262_144 + 8)
    func partsAreFoundWhereverTheyLie(_ count: Int) throws {
        let bytes = form([], [UInt8](repeating: 0x0d, count: count), boundary: "b0undary")
        let body = try inFile(bytes)
        let form = try Multipart(body, type)
        #expect(form.parts.map(\.name) == ["request", "stream"])
        #expect(form.content("stream")?.count == count)
        #expect(parts(body) == parts(.bytes(bytes)))
    }

    @Test func theHeaderOfAPartIsKept() throws {
        let form = try Multipart(try inFile(form([1], [2])), type)
        #expect(form.parts[1].header.map(\.name) == ["content-disposition", "content-type"])
        #expect(form.parts[1].header[1].value == " application/octet-stream")
        #expect(try form["stream"] == [2])
        #expect(try form["other"] == nil)
    }

    @Test func everyPrefixIsReadTheSameFromAFile() throws {
        let whole = form(Array("{}".utf8), Array("\r\n--b0undar\r\n--\r\n\n--b0undary-".utf8))
        for count in 0...whole.count {
            let bytes = Array(whole[..<count])
            #expect(parts(try inFile(bytes)) == parts(.bytes(bytes)), "\(count)")
        }
    }

    @Test func theHeaderOfAPartIsBounded() throws {
        for (count, isFine) in [(10_000, true), (Multipart.maximumHeader, false), (1_000_000, false)] {
            let field = "X: \(String(repeating: "x", count: count))\r\n"
            let text = "--b0undary\r\n\(field)Content-Disposition: form-data; name=a\r\n\r\nx\r\n--b0undary--"
            let found = parts(try inFile(Array(text.utf8)))
            #expect(found.hasPrefix("a ") == isFine)
            #expect(found == parts(.bytes(Array(text.utf8))))
        }
    }

    @Test func aBoundaryInTheHeaderOfAPartIsRefused() throws {
        let field = "Content-Disposition: form-data; name=a\r\n"
        let text = "--b0undary\r\n\(field)--b0undary\r\n\(field)\r\nx\r\n--b0undary--"
        #expect(parts(.bytes(Array(text.utf8))).contains("no empty line"))
    }
}
