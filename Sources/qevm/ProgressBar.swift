// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// How far a long reading is: percentage, rate, time left; on a terminal only.
final class ProgressBar {
    private let size: Int?
    private let start = ContinuousClock.now
    private var last = ContinuousClock.now
    private var isShown = false

    /// Nothing is shown for less than this.
    private static let patience = Duration.milliseconds(500)
    private static let interval = Duration.milliseconds(100)

    /// A bar for the bytes of inputs that are read one after the other; nil when standard error is no terminal.
    ///
    /// - Parameter sizes: of the inputs; nil where one is not known.
    init?(sizes: Int?...) {
        guard isatty(STDERR_FILENO) == 1 else { return nil }
        let known = sizes.compactMap(\.self)
        size = known.count == sizes.count ? known.reduce(0) { $0.addingReportingOverflow($1).partialValue } : nil
    }

    /// Shows how far it is.
    func update(_ offset: Int) {
        let now = ContinuousClock.now
        guard now - start > Self.patience, now - last >= Self.interval else { return }
        last = now
        isShown = true
        Output.progress("\r" + Self.line(offset, of: size, after: now - start) + "\u{1b}[K")
    }

    /// Takes it away.
    func finish() {
        guard isShown else { return }
        isShown = false
        Output.progress("\r\u{1b}[K")
    }

    /// `45 %  1.2 GB  2.4 GB/s  1 s left`; without a size what was read and the rate.
    static func line(_ offset: Int, of size: Int?, after time: Duration) -> String {
        let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
        let rate = seconds > 0 ? Double(offset) / seconds : 0
        var text = "\(amount(Double(offset)))  \(amount(rate))/s"
        if let size, size > 0 {
            let read = min(offset, size)
            text = "\(Int(Double(read) / Double(size) * 100)) %  \(text)"
            let left = Double(size - read) / max(rate, 1)
            if rate > 0, left < 1e9 { text += "  \(Int(left.rounded(.up))) s left" }
        }
        return text
    }

    private static func amount(_ bytes: Double) -> String {
        let units = ["B", "kB", "MB", "GB", "TB"]
        var value = bytes
        var unit = 0
        while value >= 1000, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        let tenths = Int((value * 10).rounded())
        return (unit == 0 || tenths >= 1000 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)") + " \(units[unit])"
    }
}
