// SPDX-License-Identifier: Apache-2.0

/// What a caller knows of the sections of a stream that has no vmdesc.
public struct SectionDescriptions: Sendable, ExpressibleByDictionaryLiteral {
    private var codecs: [String: VMStateCodec] = [:]
    private var dump: DumpDescriptions?

    /// Descriptions by idstr or VMSD name.
    public init(dictionaryLiteral elements: (String, VMStateCodec)...) {
        for (name, codec) in elements { codecs[name] = codec }
    }

    /// The device classes of a `-dump-vmstate`, by the names of their VMSDs.
    ///
    /// - Throws: `vmsd-invalid` when the document is no dump or cannot be read.
    public init(dump document: VMStateDocument) throws(VMStateError) {
        dump = try DumpDescriptions(document)
    }

    /// The description of this idstr or VMSD name.
    public subscript(name: String) -> VMStateCodec? {
        get { codecs[name] }
        set { codecs[name] = newValue }
    }

    /// The VMSD that was given for a section.
    func codec(for section: MigrationStream.Section) -> VMStateCodec? {
        codecs[section.idstr] ?? codecs[section.vmsdName]
    }

    /// What the dump says of a section; nil: nothing.
    func dumped(_ section: MigrationStream.Section) -> DumpDescriptions.Device? {
        dump?.device([section.idstr, section.vmsdName], version: section.versionID)
    }
}
