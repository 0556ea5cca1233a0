// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// A command of which nothing is given but a file, so that there is nothing to parse.
///
/// Finding out which options there could be takes a millisecond, a quarter of what a stream of a megabyte takes
/// (docs/decisions, static program).
protocol FileCommand: ParsableCommand {
    /// The command as the parser makes it of this file alone: an option that is not set here cannot be read.
    init(file: String)
}

extension Decode: FileCommand {
    init(file: String) {
        self.init()
        self.file = file
        options = .none
        printing = .none
        stream = .none
        (initial, infos, sections, extractRAM, format) = (nil, nil, nil, nil, nil)
        (partial, offsets, vmdesc, raw, hexdump) = (false, false, false, false, false)
    }
}

extension Validate: FileCommand {
    init(file: String) {
        self.init()
        self.file = file
        options = .none
        whole = .none
        (state, stream, format) = (nil, nil, nil)
    }
}

extension RequestOptions {
    /// Without any.
    static var none: RequestOptions {
        var options = RequestOptions()
        (options.vmsd, options.dialect, options.versionID, options.output) = (nil, nil, nil, nil)
        options.definitions = []
        return options
    }
}

extension PrintingOptions {
    /// Without any.
    static var none: PrintingOptions {
        var options = PrintingOptions()
        (options.int64, options.bytes) = (nil, nil)
        return options
    }
}

extension StreamOptions {
    /// Without any.
    static var none: StreamOptions {
        var options = StreamOptions()
        (options.offset, options.snapshot, options.vmsds) = (nil, nil, nil)
        return options
    }
}
