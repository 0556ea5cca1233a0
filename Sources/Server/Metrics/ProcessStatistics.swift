// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// What the system knows of the process (proc(5)); nil where it does not say.
enum ProcessStatistics {
    /// Seconds since 1970 at which the process was started.
    static let startTime: Double? = {
        guard let own = read("/proc/self/stat"), let system = read("/proc/stat") else { return nil }
        // The name, field 2, stands in parentheses and may hold anything; field 22 is the start in ticks since the boot.
        let fields = own[(own.lastIndex(of: ")") ?? own.startIndex)...].split(separator: " ")
        guard fields.count > 20, let ticks = Double(fields[20]),
            let boot = system.split(separator: "\n").first(where: { $0.hasPrefix("btime ") }),
            let seconds = Double(boot.dropFirst(6))
        else { return nil }
        return seconds + ticks / Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
    }()

    /// Bytes of memory that are resident.
    static var residentBytes: Int? { memoryPages(1) }

    /// Bytes of address space.
    static var virtualBytes: Int? { memoryPages(0) }

    /// Seconds of processor time of all threads.
    static var processorSeconds: Double? {
        var time = timespec()
        guard unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return nil }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Descriptors that are open.
    static var openDescriptors: Int? {
        var status = stat()
        // Linux 6.2 and later say the number as the folder's size; before it is 0.
        if unsafe stat("/proc/self/fd", &status) == 0, status.st_size > 0 { return Int(status.st_size) }
        guard let folder = unsafe opendir("/proc/self/fd") else { return nil }
        defer { unsafe closedir(folder) }
        var count = 0
        while unsafe readdir(folder) != nil { count += 1 }
        // Not ".", ".." and the folder itself.
        return max(0, count - 3)
    }

    /// Descriptors that may be open.
    static var maximumDescriptors: Int? {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        return Int(clamping: limit.rlim_cur)
    }

    private static func memoryPages(_ field: Int) -> Int? {
        let fields = read("/proc/self/statm")?.split(separator: " ") ?? []
        guard fields.count > field, let pages = Int(fields[field]) else { return nil }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }

    private static func read(_ path: String) -> String? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = unsafe Glibc.read(descriptor, &room, room.count)
            guard count > 0 else { return count < 0 ? nil : String(decoding: bytes, as: UTF8.self) }
            bytes += room[..<count]
        }
    }
}
