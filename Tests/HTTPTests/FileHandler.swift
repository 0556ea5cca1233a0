// SPDX-License-Identifier: Apache-2.0
import Glibc
import HTTP
import Testing

/// Takes bodies in files and gives files as answers; what each path does is what the tests need.
struct FileHandler: HTTPHandler {
    let spool: HTTPSpool

    func admit(_ head: HTTPRequestHead) -> HTTPAdmission {
        switch head.path {
        case "/store": .collect(bodyLimit: 100_000, on: .loop, spoolAbove: 10)
        case "/echo": .collect(bodyLimit: 64 << 20, on: .worker, spoolAbove: 10)
        case "/memory": .collect(bodyLimit: 100_000, on: .loop)
        case "/wait": .collect(bodyLimit: 0, on: .worker)
        default: .collect(bodyLimit: 0, on: .loop)
        }
    }

    func respond(to request: HTTPRequest) -> HTTPResponse {
        let number = { (name: String) in request.head.queryValue(name).flatMap(Int.init) ?? 0 }
        switch request.head.path {
        case "/echo": return HTTPResponse(.ok, body: request.body)
        case "/wait":
            usleep(useconds_t(number("ms")) * 1_000)
            return HTTPResponse(.ok, contentType: "text/plain", text: "waited")
        case "/file":
            guard let file = try? file(number("bytes")) else { return HTTPResponse(.internalServerError) }
            let slice = HTTPFileSlice(file, number("from")..<number("from") + number("count"))
            return HTTPResponse(.ok, body: .file(slice))
        case "/store", "/memory":
            let kind = if case .file = request.body { "file" } else { "bytes" }
            let body = (try? request.body.bytes(0..<request.body.count)) ?? []
            let isRight = body == pattern(body.count)
            return HTTPResponse(.ok, contentType: "text/plain", text: "\(kind) \(body.count) \(isRight)")
        default: return HTTPResponse(.ok, contentType: "text/plain", text: "hello")
        }
    }

    private func file(_ count: Int) throws -> HTTPFile {
        let writer = try spool.makeFile()
        try writer.append(pattern(count))
        return writer.finish()
    }
}

/// So many bytes that tell when some are missing, doubled or out of place.
func pattern(_ count: Int) -> [UInt8] {
    // A block of a prime length lies differently in each buffer.
    let block = (0..<min(count, 65_521)).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count { bytes += block.prefix(count - bytes.count) }
    return bytes
}

extension TestClient.Answer? {
    /// Whether the body is a part of the pattern; megabytes would be no message.
    func hasPattern(_ count: Int, _ range: Range<Int>? = nil) -> Bool {
        self?.body == Array(pattern(count)[range ?? 0..<count])
    }
}

/// A spool in a directory of its own for as long as `body` takes; in the end nothing may be left of it.
final class SpoolDirectory {
    let path: String

    init() {
        var template = Array("/tmp/http-tests-spool-XXXXXX".utf8CString)
        path = unsafe mkdtemp(&template).map { unsafe String(cString: $0) } ?? "/tmp"
    }

    deinit {
        _ = unsafe rmdir(path)
    }

    /// Descriptors of this process that are open on files in the directory.
    var openFiles: Int {
        names("/proc/self/fd").count { name in
            var target = [CChar](repeating: 0, count: 4_096)
            let count = unsafe readlink("/proc/self/fd/\(name)", &target, target.count)
            let bytes = target.prefix(max(0, count)).map { UInt8(bitPattern: $0) }
            return String(decoding: bytes, as: UTF8.self).hasPrefix(path + "/")
        }
    }

    /// Names in the directory: files of a spool have none.
    var nameCount: Int { names(path).count }

    private func names(_ directory: String) -> [String] {
        guard let stream = unsafe opendir(directory) else { return [] }
        defer { _ = unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}

/// Runs a server that takes and gives files, and expects that none is left open when it has nothing to do.
func withFileServer(
    maximumBytes: Int = 64 << 20,
    _ configure: (inout HTTPConfiguration) -> Void = { _ in },
    _ body: (HTTPAddress, HTTPServer, SpoolDirectory) throws -> Void
) throws {
    let directory = SpoolDirectory()
    let spool = HTTPSpool(directory: directory.path, maximumBytes: maximumBytes)
    try withServer(
        {
            $0.spool = spool
            configure(&$0)
        },
        handler: FileHandler(spool: spool)
    ) { address, server in
        try body(address, server, directory)
    }
    #expect(directory.openFiles == 0)
    #expect(directory.nameCount == 0)
    #expect(spool.heldBytes == 0)
}
