// SPDX-License-Identifier: Apache-2.0

/// The bytes of single values.
extension VMStateDecoder {
    @inline(__always)
    mutating func take(_ length: Int) throws(VMStateError) -> Int {
        let start = position
        guard length <= input.count &- start else { throw truncated(length) }
        position = start &+ length
        return start
    }

    @inline(never)
    private func truncated(_ length: Int) -> VMStateError {
        let left = input.count - position
        return VMStateError(
            .streamTruncated,
            at: position,
            expected: length == 1 ? "1 byte" : "\(length) bytes",
            found: left == 1 ? "1 byte" : "\(left) bytes"
        )
    }

    mutating func byte() throws(VMStateError) -> UInt8 {
        input[try take(1)]
    }

    @inline(__always)
    mutating func scalar(_ kind: Program.Step.Kind) throws(VMStateError) {
        switch kind {
        case .bool:
            let byte = input[try take(1)]
            if byte > 1, oddBoolean < 0 { oddBoolean = position &- 1 }
            tape.append(byte == 0 ? .false : .true)
        case .uint8: tape.append(int: Int64(input[try take(1)]))
        case .int8: tape.append(int: Int64(Int8(bitPattern: input[try take(1)])))
        case .uint16: tape.append(int: Int64(input.bigEndian(UInt16.self, at: try take(2))))
        case .int16: tape.append(int: Int64(input.bigEndian(Int16.self, at: try take(2))))
        case .uint32: tape.append(int: Int64(input.bigEndian(UInt32.self, at: try take(4))))
        case .int32: tape.append(int: Int64(input.bigEndian(Int32.self, at: try take(4))))
        case .uint64: tape.append(.uint64, wide: input.bigEndian(UInt64.self, at: try take(8)))
        case .int64: tape.append(.int64, wide: input.bigEndian(UInt64.self, at: try take(8)))
        case .double: tape.append(.double, wide: input.bigEndian(UInt64.self, at: try take(8)))
        case .structure, .other: break
        }
    }

    /// An array of scalars: the bytes are checked once, so the loop only moves values.
    mutating func scalars(_ kind: Program.Step.Kind, count: Int) throws(VMStateError) {
        let width = kind.width
        let complete = min(count, (input.count - position) / width)
        guard tape.words.count + 2 * complete <= limits.stateWords else {
            throw VMStateError(.limitExceeded, at: position, expected: "a state of at most \(limits.stateWords) words")
        }
        guard complete == count else {
            position += complete * width
            do {
                return try scalar(kind)
            } catch {
                throw error.under(String(complete))
            }
        }
        switch kind {
        case .uint8: integers(UInt8.self, count)
        case .int8: integers(Int8.self, count)
        case .uint16: integers(UInt16.self, count)
        case .int16: integers(Int16.self, count)
        case .uint32: integers(UInt32.self, count)
        case .int32: integers(Int32.self, count)
        case .uint64: wideValues(.uint64, count)
        case .int64: wideValues(.int64, count)
        case .double: wideValues(.double, count)
        case .bool, .structure, .other: for _ in 0..<count { try scalar(kind) }
        }
    }

    /// Integers of at most 32 bits, all of which are there.
    @inline(__always)
    private mutating func integers<Value: FixedWidthInteger & BitwiseCopyable>(_ type: Value.Type, _ count: Int) {
        let start = position
        tape.append(ints: count) { Int64(input.bigEndian(type, at: start &+ $0 &* MemoryLayout<Value>.size)) }
        position = start &+ count &* MemoryLayout<Value>.size
    }

    /// Values of 64 bits, all of which are there.
    @inline(__always)
    private mutating func wideValues(_ tag: JSONTag, _ count: Int) {
        let start = position
        tape.append(tag, count: count) { input.bigEndian(UInt64.self, at: start &+ $0 &* 8) }
        position = start &+ count &* 8
    }

    /// Bytes that are thrown away; shown only when one is not zero, as nothing may be lost.
    mutating func unused(count: Int, size: Int) throws(VMStateError) {
        let (length, overflow) = count.multipliedReportingOverflow(by: size)
        let start = try take(overflow ? Int.max : length)
        guard length > 0, isShown(start..<position) else { return }
        let array = tape.open(.array)
        for element in 0..<count { tape.append(.bytes, offset: start + element * size, length: size) }
        tape.close(array, count: count)
    }

    /// Whether unused bytes are in the state.
    private func isShown(_ bytes: Range<Int>) -> Bool {
        showsUnusedZeros || bytes.contains { input[$0] != 0 }
    }

    /// An element of an info that is no scalar.
    mutating func custom(
        _ encoding: VMStateInfo.Encoding,
        _ step: Program.Step,
        size: Int?,
        current: Int,
        frame: Int
    ) throws(VMStateError) {
        switch encoding {
        case .bool, .integer, .double: break
        case .buffer: try bytes(size ?? 0)
        case .unusedBuffer:
            let start = try take(size ?? 0)
            if isShown(start..<position) {
                tape.append(.bytes, offset: start, length: position - start)
            }
        case .bitmap:
            let words = VMStateInfo.bitmapWords(bits: size ?? 0)
            let array = tape.open(.array)
            try scalars(.uint64, count: words)
            tape.close(array, count: words)
        case .nullPointer, .pointerMarker:
            let start = position
            let marker = try byte()
            guard marker == PointerMarker.null || (marker == PointerMarker.valid && encoding == .pointerMarker)
            else {
                throw VMStateError(
                    .markerInvalid,
                    at: start,
                    expected: "a marker 0x30",
                    found: "0x" + String(marker, radix: 16)
                )
            }
            tape.append(marker == PointerMarker.null ? .null : .true)
        case .name:
            let first = position
            let length = Int(try byte())
            let start = try take(length)
            guard let plain = String(validating: input.array(start..<position), as: UTF8.self) else {
                throw VMStateError(.valueOutOfRange, at: first, expected: "a name in UTF-8", found: "other bytes")
            }
            let name = JSONText.escape(plain)
            tape.append(
                name.contains(UInt8(ascii: "\\")) ? .escapedString : .string,
                offset: text.count,
                length: name.count
            )
            text += name
        case .byteArray: try bytes(Int(input.bigEndian(UInt32.self, at: try take(4))))
        case .opaque(let extent): try opaque(extent, size: size)
        case .tmp: try load(step.child, version: step.loadVersion, initial: current, enclosing: frame)
        case .qtailq, .qlist: try queue(step, isList: encoding == .qlist, current: current)
        case .gtree: try tree(step)
        }
    }

    private mutating func bytes(_ length: Int) throws(VMStateError) {
        tape.append(.bytes, offset: try take(length), length: length)
    }

    private mutating func opaque(_ extent: VMStateInfo.Extent, size: Int?) throws(VMStateError) {
        if let size { return try bytes(size) }
        let start = position
        switch extent {
        case .sized: break
        case .fixed(let length): _ = try take(length)
        case .counted(let width, let stride):
            let at = try take(width)
            let count = width == 8 ? input.bigEndian(UInt64.self, at: at) : UInt64(input.bigEndian(UInt32.self, at: at))
            let (length, overflow) = count.multipliedReportingOverflow(by: UInt64(stride))
            _ = try take(overflow ? Int.max : Int(clamping: length))
        case .chunked:
            while true {
                let length = Int(input.bigEndian(UInt32.self, at: try take(4)))
                if length == 0 { break }
                _ = try take(length)
            }
        }
        tape.append(.bytes, offset: start, length: position - start)
    }
}

extension Program.Step.Kind {
    /// The bytes of a scalar; 1 for what is none.
    var width: Int {
        switch self {
        case .bool, .int8, .uint8, .structure, .other: 1
        case .int16, .uint16: 2
        case .int32, .uint32: 4
        case .int64, .uint64, .double: 8
        }
    }
}
