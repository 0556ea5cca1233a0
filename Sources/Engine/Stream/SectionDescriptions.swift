// SPDX-License-Identifier: Apache-2.0

/// What a caller knows of the sections of a stream that has no vmdesc.
public struct SectionDescriptions: Sendable, ExpressibleByDictionaryLiteral {
    private struct Instance: Hashable {
        let name: String
        let number: UInt32
    }

    private var codecs: [String: VMStateCodec] = [:]
    private var instances: [Instance: VMStateCodec] = [:]
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

    /// Whether nothing is described.
    var isEmpty: Bool { codecs.isEmpty && instances.isEmpty && dump == nil }

    /// The description of this idstr or VMSD name.
    public subscript(name: String) -> VMStateCodec? {
        get { codecs[name] }
        set { codecs[name] = newValue }
    }

    /// The description of one instance of an idstr.
    public subscript(name: String, instance: UInt32) -> VMStateCodec? {
        get { instances[Instance(name: name, number: instance)] }
        set { instances[Instance(name: name, number: instance)] = newValue }
    }

    /// The description that was given for a section: of its instance, its idstr or its VMSD.
    func codec(for section: MigrationStream.Section) -> VMStateCodec? {
        codec(of: section.idstr, section.instanceID, vmsdName: section.vmsdName)
    }

    /// The same, of a section that stands in a document.
    func codec(of idstr: String, _ instanceID: UInt32, vmsdName: String?) -> VMStateCodec? {
        self[idstr, instanceID] ?? codecs[idstr] ?? vmsdName.flatMap { codecs[$0] }
    }

    /// What the dump says of a section; nil: nothing.
    func dumped(_ section: MigrationStream.Section) -> DumpDescriptions.Device? {
        dump?.device([section.idstr, section.vmsdName], version: section.versionID)
    }
}
