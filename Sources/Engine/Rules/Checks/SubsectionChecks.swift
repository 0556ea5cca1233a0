// SPDX-License-Identifier: Apache-2.0

/// VMSD041 – VMSD047: names of subsections.
///
/// The loader looks for subsections behind the fields of every description, also of a struct in a struct: one whose name
/// begins with the description's name, and is longer, is claimed, and must then be one of its subsections.
enum SubsectionChecks {
    static func prefix(_ subject: DescriptionSubject, _ report: inout Report) {
        let parent = subject.description.name
        for (_, subsection, id) in subject.subsections where !subsection.name.utf8.starts(with: parent.utf8) {
            report.add(
                "subsection \(subsection.name.quoted) does not begin with \(parent.quoted)",
                at: subject.facts.place(ofName: id)
            )
        }
    }

    /// VMSD042; see `LastWritten` for what can come last.
    static func claimedByChild(_ facts: DocumentFacts, _ report: inout Report) {
        var last = LastWritten(facts)
        for id in facts.descriptions.indices where !facts.descriptions[id].subsections.isEmpty && !facts.isUnread(id) {
            for claim in last.claims(on: id) {
                let (child, subsection) = (facts.descriptions[claim.child], facts.descriptions[claim.subsection])
                report.add(
                    "\(child.name.quoted) can be the last thing before subsection \(subsection.name.quoted) of "
                        + "\(facts.descriptions[id].name.quoted), and would take it for its own",
                    at: facts.place(ofName: claim.subsection)
                )
            }
            if last.isExhausted {
                return report.giveUp(
                    "the search for what can come last was given up here",
                    at: facts.descriptions[id].path
                )
            }
        }
    }

    static func claimedBySibling(_ subject: DescriptionSubject, _ report: inout Report) {
        let subsections = subject.subsections
        for (first, second) in PrefixPairs(subsections.map(\.description.name)).earlierPrefixes {
            report.add(
                "\(subsections[first].description.name.quoted) comes before \(subsections[second].description.name.quoted) "
                    + "and would take it for its own",
                at: subject.facts.place(ofName: subsections[second].id)
            )
        }
    }

    static func slash(_ subject: DescriptionSubject, _ report: inout Report) {
        let parent = subject.description.name
        for (_, subsection, id) in subject.subsections where subsection.name.utf8.starts(with: parent.utf8) {
            guard let next = subsection.name.utf8.dropFirst(parent.utf8.count).first, next != UInt8(ascii: "/") else {
                continue
            }
            report.add(
                "subsection \(subsection.name.quoted) has no \"/\" behind \(parent.quoted)",
                at: subject.facts.place(ofName: id)
            )
        }
    }

    static func sameName(_ subject: DescriptionSubject, _ report: inout Report) {
        // By bytes: QEMU compares C strings, Swift would take two spellings of one character for the same.
        var seen: Set<[UInt8]> = []
        var listed: Set<VMStateDescription.ID> = []
        for (index, subsection, id) in subject.subsections {
            // The same description twice is wrong where it is referred to.
            let isListedTwice = !listed.insert(id).inserted
            guard !seen.insert(Array(subsection.name.utf8)).inserted else { continue }
            report.add(
                "\(subject.description.name.quoted) has several subsections called \(subsection.name.quoted)",
                at: isListedTwice
                    ? subject.place("subsections").appending(index) : subject.facts.place(ofName: id)
            )
        }
    }

    static func alwaysSent(_ subject: DescriptionSubject, _ report: inout Report) {
        guard subject.uses.contains(.subsection), subject.description.needed == nil else { return }
        report.add("subsection \(subject.description.name.quoted) is always sent", at: subject.description.path)
    }

    static func parentName(_ subject: DescriptionSubject, _ report: inout Report) {
        let parent = subject.description.name
        for (_, subsection, id) in subject.subsections where subsection.name.utf8.elementsEqual(parent.utf8) {
            report.add(
                "the subsection has the name of its parent, \(subsection.name.quoted), and is never looked at",
                at: subject.facts.place(ofName: id)
            )
        }
    }
}

/// Names of a list that begin with others of it.
struct PrefixPairs {
    /// For each name that an earlier one is a proper prefix of: the first such name, and the name.
    let earlierPrefixes: [(Int, Int)]

    /// Sorted by bytes, the names that begin with one stand right behind it: the prefixes of a name are what is open when it
    /// is reached.
    init(_ texts: [String]) {
        let names = texts.map { Array($0.utf8) }
        let order = names.indices.sorted { left, right in
            names[left].lexicographicallyPrecedes(names[right])
                || (names[left].count == names[right].count && left < right && names[left] == names[right])
        }
        // Each open name with the least index among it and those that it begins with.
        var open: [(index: Int, least: Int)] = []
        var pairs: [(Int, Int)] = []
        for index in order {
            while let top = open.last, !names[index].starts(with: names[top.index]) { open.removeLast() }
            // An equal name has the same prefixes.
            let isEqual = open.last.map { names[$0.index].count == names[index].count } ?? false
            let least = (isEqual ? open.dropLast() : open[...]).last?.least ?? .max
            if least < index { pairs.append((least, index)) }
            if !isEqual { open.append((index, min(least, index))) }
        }
        earlierPrefixes = pairs.sorted { $0.1 < $1.1 }
    }
}
