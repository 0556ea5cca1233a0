// SPDX-License-Identifier: Apache-2.0

/// Small documents that many tests send.
enum Documents {
    /// One `uint8` named `a`.
    static let byteVMSD = #"{"name":"t","version_id":1,"minimum_version_id":1,"fields":[{"name":"a","info":"uint8"}]}"#
    /// Decodes to `{"a":7}`.
    static let decode = "{\"vmsd\":\(byteVMSD),\"stream\":\"07\"}"
    /// Encodes to 07.
    static let encode = "{\"vmsd\":\(byteVMSD),\"state\":{\"a\":7}}"

    /// A request for decode of fields, given as JSON text.
    static func decode(_ fields: String, _ stream: String, _ more: String = "") -> String {
        "{\"vmsd\":{\"name\":\"t\",\"version_id\":3,\"minimum_version_id\":2,\"fields\":\(fields)},"
            + "\"stream\":\"\(stream)\"\(more)}"
    }

    /// A request for encode of fields, given as JSON text.
    static func encode(_ fields: String, _ state: String, _ more: String = "") -> String {
        "{\"vmsd\":{\"name\":\"t\",\"version_id\":3,\"minimum_version_id\":2,\"fields\":\(fields)},"
            + "\"state\":\(state)\(more)}"
    }

    /// `count` bytes in a field, as a request whose answer is about twice as long.
    static func buffer(_ count: Int) -> String {
        decode(
            "[{\"name\":\"b\",\"info\":\"buffer\",\"flags\":[\"VMS_BUFFER\"],\"size\":\(count)}]",
            String(repeating: "5a", count: count)
        )
    }
}
