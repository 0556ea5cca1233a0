// SPDX-License-Identifier: Apache-2.0

extension CPRState {
    /// The VMSD of the CPR state, as far as QEMU 10.0 to 11.1 write it.
    ///
    /// The subsection comes with 10.1, always: it has no predicate there.
    ///
    /// Source: QEMU migration/cpr.c, vmstate_cpr_state; hw/vfio/cpr-iommufd.c, vmstate_cpr_vfio_devices.
    private static func vmsd(_ mode: Mode) -> [UInt8] {
        let name = #"""
            {"name": "namelen", "info": "uint32"},
            {"name": "name", "info": "buffer", "flags": ["VMS_VBUFFER", "VMS_POINTER", "VMS_ALLOC"], "size_offset": "namelen"}
            """#
        let descriptor = mode == .exec ? "int32" : "fd"
        return Array(
            #"""
            {"name": "CprState", "version_id": 1, "minimum_version_id": 1, "fields": [
              {"name": "fds", "info": "qlist", "version_id": 1, "vmsd":
                {"name": "cpr fd", "version_id": 1, "minimum_version_id": 1, "fields": [
                  \#(name), {"name": "id", "info": "int32"}, {"name": "fd", "info": "\#(descriptor)"}]}}],
             "subsections": [
              {"name": "CprState/vfio devices", "version_id": 1, "minimum_version_id": 1, "needed": "was_sent", "fields": [
                {"name": "vfio_devices", "info": "qlist", "version_id": 1, "vmsd":
                  {"name": "cpr vfio device", "version_id": 1, "minimum_version_id": 1, "fields": [
                    \#(name), {"name": "devid", "info": "int32"}, {"name": "ioas_id", "info": "uint32"},
                    {"name": "hwpt_id", "info": "uint32"}]}}]}]}
            """#.utf8
        )
    }

    static func codec(_ mode: Mode, _ limits: Limits) throws(VMStateError) -> VMStateCodec {
        guard let node = try? JSONDocument(parsing: vmsd(mode)).root else {
            throw VMStateError(.vmsdInvalid, expected: "the VMSD of the CPR state")
        }
        return try VMStateCodec(VMStateDocument(node), limits: limits)
    }
}
