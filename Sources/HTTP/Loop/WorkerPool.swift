// SPDX-License-Identifier: Apache-2.0
internal import CEpoll
internal import Glibc
internal import Synchronization

/// A bounded number of threads with a bounded queue, for requests that an event loop must not wait for.
final class WorkerPool: Sendable {
    /// A request for a worker.
    struct Job: Sendable {
        let request: HTTPRequest
        /// Gives up before the work starts, because the connection is gone.
        let ticket: Ticket
        /// Gets the answer; nil: too many bytes were held for the work to begin.
        let deliver: @Sendable (HTTPResponse?) -> Void
    }

    /// Tells a job whether anybody still waits for it.
    final class Ticket: Sendable {
        private let cancelled = Atomic(false)
        var isCancelled: Bool { cancelled.load(ordering: .relaxed) }
        func cancel() { cancelled.store(true, ordering: .relaxed) }
    }

    private struct State {
        /// A ring of the jobs that wait; it grows with them.
        var queue: [Job?] = Array(repeating: nil, count: 16)
        var first = 0
        var waiting = 0
        var busy = 0
        var isStopping = false
    }

    private let context: ConversationContext
    private let threadCount: Int
    private let queueLength: Int
    private let state: Mutex<State>
    /// An eventfd as a semaphore: one per job, read by the threads.
    private let semaphore: Int32

    init(threads: Int, queueLength: Int, _ context: ConversationContext) throws(HTTPServerError) {
        self.context = context
        threadCount = max(1, threads)
        self.queueLength = max(0, queueLength)
        state = Mutex(State())
        semaphore = eventfd(0, Int32(EFD_SEMAPHORE) | Int32(EFD_CLOEXEC))
        guard semaphore >= 0 else { throw HTTPServerError(operation: "eventfd", code: errno) }
    }

    deinit {
        _ = close(semaphore)
    }

    func start() throws(HTTPServerError) {
        for _ in 0..<threadCount { try Thread { [self] in run() }.detach() }
    }

    /// Leaves a job to the threads.
    ///
    /// - Returns: false when all threads are busy and the queue is full.
    func submit(_ job: Job) -> Bool {
        let isAccepted = state.withLock { state in
            // A free thread may not have taken its job yet, so as many as there are threads may wait beside those.
            guard !state.isStopping, state.waiting + state.busy < threadCount + queueLength else { return false }
            if state.waiting == state.queue.count {
                let (first, count) = (state.first, state.queue.count)
                state.queue = (0..<2 * count).map { $0 < count ? state.queue[(first + $0) % count] : nil }
                state.first = 0
            }
            state.queue[(state.first + state.waiting) % state.queue.count] = job
            state.waiting += 1
            return true
        }
        if isAccepted { _ = eventfd_write(semaphore, 1) }
        return isAccepted
    }

    /// Drops what waits and lets every thread end once it is done with its job.
    func stop() {
        state.withLock { state in
            state.isStopping = true
            state.waiting = 0
            state.first = 0
            state.queue = Array(repeating: nil, count: 16)
        }
        _ = eventfd_write(semaphore, eventfd_t(threadCount))
    }

    private func run() {
        var one: eventfd_t = 0
        while true {
            // Blocks until there is a job, or the end.
            _ = unsafe eventfd_read(semaphore, &one)
            if let job = next() { perform(consume job) }
            if state.withLock({ $0.isStopping }) { return }
        }
    }

    /// The job that has waited longest.
    private func next() -> Job? {
        state.withLock { state in
            guard state.waiting > 0, let job = state.queue[state.first].take() else { return nil }
            state.first = (state.first + 1) % state.queue.count
            state.waiting -= 1
            state.busy += 1
            return job
        }
    }

    /// Nothing of the job is kept once its answer is there.
    private func perform(_ job: consuming Job) {
        let (request, ticket, deliver) = (job.request, job.ticket, job.deliver)
        _ = consume job
        let isWanted = !ticket.isCancelled
        let answer = isWanted ? answer(consume request) : nil
        // Before the answer is delivered: whoever has it may send the next request, which may need the room of this one's body.
        state.withLock { $0.busy -= 1 }
        if isWanted { deliver(answer) }
    }

    /// The handler's answer, entered among the bytes that are held before the next work can begin.
    ///
    /// - Returns: nil when others hold too many already.
    private func answer(_ request: consuming HTTPRequest) -> HTTPResponse? {
        guard !context.held.isExceeded else { return nil }
        var response = context.handler.respond(to: request)
        if case .bytes(let body) = response.body, body.count >= OutputBuffer.largeBody {
            response.held = HeldAnswer(body.count, in: context.held)
        }
        return response
    }
}
