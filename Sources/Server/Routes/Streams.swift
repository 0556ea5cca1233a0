// SPDX-License-Identifier: Apache-2.0

internal import Containers
internal import Engine
internal import HTTP

/// Whole migration streams.
extension Routes {
    /// A whole stream and what is said about it.
    struct StreamBody {
        var request: StreamRequest
        let source: any StreamSource
        /// What libvirt wrote around it.
        let saveImage: LibvirtSaveImage?

        init(_ request: StreamRequest, _ stream: SentStream) {
            self.request = request
            self.request.fileOffset = stream.fileOffset
            source = stream.source
            saveImage = stream.saveImage
        }
    }

    /// The whole stream that a request carries.
    ///
    /// It is the body itself, the part `stream` of a form whose part `request` has no `vmsd`, or the member `stream` of a
    /// document that has none.
    ///
    /// - Parameters:
    ///   - request: the request.
    ///   - limits: what it may use.
    ///   - spool: where what is in a container goes.
    /// - Returns: nil when the request is about bytes of a description that it brings along.
    /// - Throws: 400 and what cannot be read.
    static func wholeStream(
        _ request: RouteRequest,
        _ limits: Limits,
        _ spool: Spool
    ) throws(Problem) -> StreamBody? {
        var body: StreamBody
        switch request.type.essence {
        case octets:
            body = StreamBody(StreamRequest(limits: limits), try opened(request.content, request, spool))
        case form:
            let form = try request.form
            guard let stream = form.content("stream") else {
                throw Problem(.badRequest, "the form has no part \"stream\"")
            }
            let document = try form["request"].map { text throws(Problem) in try parse(text, limits) }
            if let document, document.root.hasMember("vmsd") {
                try checkPlace(request.head)
                return nil
            }
            let own = try run { () throws(VMStateError) in
                try document.map { document throws(VMStateError) in try StreamRequest(document.root, limits: limits) }
                    ?? StreamRequest(limits: limits)
            }
            body = StreamBody(own, try opened(stream, request, spool))
        default:
            try checkPlace(request.head)
            return nil
        }
        ask(request.head, &body.request)
        return body
    }

    /// The bytes that a document has in itself, or that a description reads, are not in anything.
    private static func checkPlace(_ head: HTTPRequestHead) throws(Problem) {
        for name in ["at", "snapshot"] where head.queryValue(name) != nil {
            throw Problem(.badRequest, "\"\(name)\" says where a whole stream is in what was sent; there is none")
        }
    }

    /// The whole stream that a document carries itself.
    ///
    /// - Returns: nil when the document is about bytes of a description.
    static func wholeStream(
        _ document: JSONDocument,
        _ head: HTTPRequestHead,
        _ limits: Limits
    ) throws(Problem) -> StreamBody? {
        let carried = try run { () throws(VMStateError) in try CarriedStream(document.root, limits: limits) }
        guard let carried else { return nil }
        var body = StreamBody(carried.request, SentStream(source: BytesSource(carried.bytes)))
        ask(head, &body.request)
        return body
    }

    /// What the query asks for.
    private static func ask(_ head: HTTPRequestHead, _ request: inout StreamRequest) {
        let options = options(head)
        request.answer.printing = options.printing
        request.answer.takesApart = options.takesApart
        request.answer.recordsOffsets = request.answer.recordsOffsets || options.recordsOffsets
        request.sections = head.names("sections") ?? request.sections
        request.hasVMDesc = head.flag("vmdesc") || request.hasVMDesc
        request.isRaw = head.flag("raw") || request.isRaw
        request.inflate = { (bytes, limit) throws(VMStateError) in try inflateZlib(bytes, limit: limit) }
    }

    /// A whole stream as a document, or as text.
    static func decode(
        _ body: StreamBody,
        _ request: RouteRequest,
        _ limits: Limits
    ) throws(Problem) -> HTTPResponse {
        let hexdump = request.head.flag("hexdump")
        if let state = try run({ () throws(VMStateError) in try CPRState(reading: body.source, limits: limits) }) {
            let isText = request.offer == Routes.text
            let answer = try run { () throws(VMStateError) in
                try isText
                    ? state.text(hexdump: hexdump, limits: limits)
                    : state.document(body.request.answer, limits: limits)
            }
            return HTTPResponse(answer, isText ? plainText : json)
        }
        if request.offer == text {
            let tree = try run { () throws(VMStateError) in
                try body.request.text(try body.request.read(body.source), of: body.source, hexdump: hexdump)
            }
            return HTTPResponse(tree, plainText)
        }
        let text = try run { () throws(VMStateError) in
            try body.request.document(try body.request.read(body.source), of: body.source).text
        }
        return HTTPResponse(text, json)
    }

    /// What is wrong with a whole stream.
    static func report(_ body: StreamBody) throws(Problem) -> ValidationReport {
        try run { () throws(VMStateError) in try body.request.report(reading: body.source) }
    }

    /// `POST /v1/edit`: a stream after a JSON Patch on its document.
    static func edit(_ limits: Limits, _ spool: Spool) -> Route {
        Route(method: "POST", path: "/v1/edit", accepts: [form], takesStream: [form], offers: [octets]) {
            request throws(Problem) in
            let form = try request.form
            guard let text = try form["patch"] else { throw Problem(.badRequest, "the form has no part \"patch\"") }
            let patch = try parse(text, limits)
            guard var body = try wholeStream(request, limits, spool) else {
                throw Problem(.badRequest, "the part \"request\" is about a description; an edit is of a whole stream")
            }
            body.request.sections = nil
            var head: [UInt8] = []
            if request.head.flag("keep-container") {
                guard let image = body.saveImage else {
                    throw Problem(.unprocessableContent, "keep-container is for libvirt save images")
                }
                head = image.head
            }
            let pieces = try run { () throws(VMStateError) in
                try body.request.pieces(
                    patching: try body.request.read(body.source),
                    with: [try JSONPatch(patch.root)],
                    size: body.source.size ?? 0,
                    at: head.count
                )
            }
            return HTTPResponse(try write([.bytes(head)] + pieces, of: request, body.source, spool), octets)
        }
    }

    /// `POST /v1/diff`: what differs between two streams.
    static func diff(_ limits: Limits, _ spool: Spool) -> Route {
        Route(method: "POST", path: "/v1/diff", accepts: [form], takesStream: [form], offers: [json, text]) {
            request throws(Problem) in
            let form = try request.form
            guard let a = form.content("a"), let b = form.content("b") else {
                throw Problem(.badRequest, "the form needs the parts \"a\" and \"b\"")
            }
            let document = try form["request"].map { text throws(Problem) in try parse(text, limits) }
            let options = options(request.head)
            let contents = request.head.flag("contents")
            let (first, second) = (try opened(a, request, spool).source, try opened(b, request, spool).source)
            let result = try run { () throws(VMStateError) in
                var own = StreamRequest(limits: limits)
                if let document { own = try StreamRequest(document.root, limits: limits) }
                own.sections = request.head.names("sections") ?? own.sections
                own.inflate = { (bytes, limit) throws(VMStateError) in try inflateZlib(bytes, limit: limit) }
                return try own.differences(
                    first,
                    second,
                    ignoring: request.head.names("ignore") ?? [],
                    comparesContents: contents
                )
            }
            return try run { () throws(VMStateError) in
                request.offer == text
                    ? HTTPResponse(try result.text(limits: limits), plainText)
                    : HTTPResponse(try result.json(options.printing, limits: limits), json)
            }
        }
    }

    /// The bytes of pieces.
    static func write(
        _ pieces: [StreamPiece],
        of request: RouteRequest,
        _ source: any StreamSource,
        _ spool: Spool
    ) throws(Problem) -> HTTPBody {
        try spool.body(beside: request.content) { (append) throws(VMStateError) in
            try pieces.write(from: source, to: append)
        }
    }

    /// `POST /v1/ram?block=NAME`: the final content of a block of guest memory.
    static func ram(_ limits: Limits, _ spool: Spool) -> Route {
        Route(method: "POST", path: "/v1/ram", accepts: [octets, form], takesStream: [octets, form], offers: [octets]) {
            request throws(Problem) in
            guard let block = request.head.queryValue("block") else {
                throw Problem(.badRequest, "the query must name a block: ?block=pc.ram")
            }
            guard var body = try wholeStream(request, limits, spool) else {
                throw Problem(.badRequest, "the part \"request\" is about a description; RAM is in whole streams")
            }
            let pages = SpooledPages(spool)
            let ram = RAMFile(block: block, in: pages)
            body.request.pages = ram
            let stream: MigrationStream
            do throws(VMStateError) {
                stream = try body.request.read(body.source, keepsPayloads: false)
            } catch {
                throw pages.refusal ?? Problem(error)
            }
            guard ram.size != nil else {
                let names = stream.blocks.map { "\"\($0.idstr)\"" }.joined(separator: ", ")
                let what = names.isEmpty ? "none" : names
                throw Problem(.unprocessableContent, "the stream has no block \"\(block)\"; it has \(what)")
            }
            // Nothing in the answer could say that something is missing.
            if let finding = stream.findings.first(where: { $0.severity == .error }) {
                throw Problem(.unprocessableContent, "the block cannot be had whole: \(finding.message)")
            }
            return HTTPResponse(pages.finish(), octets)
        }
    }
}
