// SPDX-License-Identifier: Apache-2.0

/// `Date` as RFC 9110 §5.6.7 wants it: IMF-fixdate, always 29 bytes, always GMT.
enum HTTPDate {
    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// The time that many seconds after 1970-01-01 00:00:00 UTC; not before it.
    static func format(secondsSince1970: Int) -> String {
        let (days, second) = max(0, secondsSince1970).quotientAndRemainder(dividingBy: 86_400)
        // The era of 400 years that starts on 1 March 0000; months are counted from March, so leap days come last.
        let shifted = days + 719_468
        let (era, dayOfEra) = shifted.quotientAndRemainder(dividingBy: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 2 : monthFromMarch - 10
        let year = era * 400 + yearOfEra + (month < 2 ? 1 : 0)
        let clock = [second / 3_600, second / 60 % 60, second % 60].map(twoDigits).joined(separator: ":")
        // 1970-01-01 was a Thursday.
        return "\(weekdays[(days + 4) % 7]), \(twoDigits(day)) \(months[month]) \(year) \(clock) GMT"
    }

    private static func twoDigits(_ number: Int) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
