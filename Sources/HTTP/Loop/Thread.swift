// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// A POSIX thread that runs one closure.
struct Thread: Sendable {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private let handle: pthread_t

    /// Starts it.
    ///
    /// All signals stay with the program's other threads.
    init(_ run: @escaping @Sendable () -> Void) throws(HTTPServerError) {
        var handle = pthread_t()
        var all = sigset_t()
        var previous = sigset_t()
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_SETMASK, &all, &previous)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &previous, nil) }
        // The new thread takes over this reference.
        let body = unsafe Unmanaged.passRetained(Body(run))
        let code = unsafe pthread_create(
            &handle,
            nil,
            { argument in
                if let argument = unsafe argument {
                    unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                }
                return nil
            },
            body.toOpaque()
        )
        guard code == 0 else {
            unsafe body.release()
            throw HTTPServerError(operation: "pthread_create", code: code)
        }
        self.handle = handle
    }

    /// Waits for its end.
    func join() {
        _ = pthread_join(handle, nil)
    }

    /// Lets it end on its own.
    func detach() {
        _ = pthread_detach(handle)
    }
}
