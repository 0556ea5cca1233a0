// SPDX-License-Identifier: Apache-2.0

/// A status code of an answer (RFC 9110 §15).
public struct HTTPStatus: RawRepresentable, Sendable, Hashable {
    /// The three digits, 200 … 599.
    ///
    /// Interim answers (1xx) are the server's own business.
    public let rawValue: Int

    /// Any final status; a number outside 200 … 599 is taken as 500.
    public init(rawValue: Int) {
        self.rawValue = (200...599).contains(rawValue) ? rawValue : 500
    }

    /// RFC 9110 §15.3.1.
    public static let ok = Self(rawValue: 200)
    /// RFC 9110 §15.3.2.
    public static let created = Self(rawValue: 201)
    /// RFC 9110 §15.3.5.
    public static let noContent = Self(rawValue: 204)
    /// RFC 9110 §15.4.5.
    public static let notModified = Self(rawValue: 304)
    /// RFC 9110 §15.5.1.
    public static let badRequest = Self(rawValue: 400)
    /// RFC 9110 §15.5.2.
    public static let unauthorized = Self(rawValue: 401)
    /// RFC 9110 §15.5.4.
    public static let forbidden = Self(rawValue: 403)
    /// RFC 9110 §15.5.5.
    public static let notFound = Self(rawValue: 404)
    /// RFC 9110 §15.5.6.
    public static let methodNotAllowed = Self(rawValue: 405)
    /// RFC 9110 §15.5.7.
    public static let notAcceptable = Self(rawValue: 406)
    /// RFC 9110 §15.5.9.
    public static let requestTimeout = Self(rawValue: 408)
    /// RFC 9110 §15.5.12.
    public static let lengthRequired = Self(rawValue: 411)
    /// RFC 9110 §15.5.14.
    public static let contentTooLarge = Self(rawValue: 413)
    /// RFC 9110 §15.5.15.
    public static let uriTooLong = Self(rawValue: 414)
    /// RFC 9110 §15.5.16.
    public static let unsupportedMediaType = Self(rawValue: 415)
    /// RFC 9110 §15.5.18.
    public static let expectationFailed = Self(rawValue: 417)
    /// RFC 9110 §15.5.21.
    public static let unprocessableContent = Self(rawValue: 422)
    /// RFC 6585 §5.
    public static let headerFieldsTooLarge = Self(rawValue: 431)
    /// RFC 9110 §15.6.1.
    public static let internalServerError = Self(rawValue: 500)
    /// RFC 9110 §15.6.2.
    public static let notImplemented = Self(rawValue: 501)
    /// RFC 9110 §15.6.4.
    public static let serviceUnavailable = Self(rawValue: 503)
    /// RFC 9110 §15.6.6.
    public static let versionNotSupported = Self(rawValue: 505)

    /// RFC 4918 §11.5.
    public static let insufficientStorage = Self(rawValue: 507)

    /// Whether an answer with this status never has a body (RFC 9110 §15.3.5, §15.4.5).
    public var forbidsBody: Bool { rawValue == 204 || rawValue == 304 }

    /// The reason phrase of RFC 9110, or an empty one for a code that has no name here (RFC 9112 §4 allows it).
    public var reasonPhrase: String {
        switch rawValue {
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 206: "Partial Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 303: "See Other"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 411: "Length Required"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 416: "Range Not Satisfiable"
        case 417: "Expectation Failed"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        case 507: "Insufficient Storage"
        default: ""
        }
    }
}
