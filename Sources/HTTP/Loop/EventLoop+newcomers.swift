// SPDX-License-Identifier: Apache-2.0

/// A connection for which there was no place when it came.
struct Newcomer {
    let fd: Int32
    let peer: String
    /// In milliseconds of the loop's clock.
    let since: Int
}

extension EventLoop {
    /// How often newcomers are looked at when nothing else happens, in milliseconds.
    static let newcomerInterval = 5
    /// How long a newcomer waits for a place, in milliseconds.
    ///
    /// Who has just ended a connection may open the next; another loop may not have come to see that end yet.
    private static let patience = 200
    /// Newcomers that wait; beyond it the others are told at once.
    private static let maximumNewcomers = 64

    /// Serves a connection from now on if there is a place for it, and lets it wait for one otherwise.
    func admit(_ fd: Int32, _ peer: String) {
        let newcomer = Newcomer(fd: fd, peer: peer, since: clock.moment.milliseconds)
        if !isPlaced(newcomer, isHopeless: newcomers.count >= Self.maximumNewcomers) { newcomers.append(newcomer) }
    }

    /// Gives newcomers the places that have become free, and tells those that have waited long enough.
    func placeNewcomers() {
        guard !newcomers.isEmpty else { return }
        let now = clock.moment.milliseconds
        newcomers = newcomers.filter { !isPlaced($0, isHopeless: now - $0.since > Self.patience) }
    }

    /// - Returns: whether it is among the connections now, with a place or to be told that there is none.
    private func isPlaced(_ newcomer: Newcomer, isHopeless: Bool) -> Bool {
        let isEntered = ledger.enter(newcomer.peer)
        guard isEntered || isHopeless || isDraining else { return false }
        adopt(newcomer.fd, newcomer.peer, isEntered: isEntered)
        return true
    }
}
