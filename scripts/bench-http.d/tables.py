# SPDX-License-Identifier: Apache-2.0
"""The results as Markdown tables."""

from statistics import median


def ratio(samples, name, base):
    """The median over the rounds of how much faster `name` was than `base`, or a dash."""
    if base not in samples:
        return "–"
    return "%.2f" % median(own.rate / other.rate for own, other in zip(samples[name], samples[base]))


def table(title, columns, rows):
    print("\n| %s |\n|%s" % (" | ".join([title] + columns), "---|" * (len(columns) + 1)))
    for row in rows:
        print("| %s |" % " | ".join(row))


def print_load(load, samples):
    columns = ["requests/s", "× Hummingbird", "× NIO", "× nginx", "CPU µs/request", "p50 ms", "p99 ms"]
    table(load.name, columns, [
        [
            name, "%.0f" % median(one.rate for one in own),
            ratio(samples, name, "Hummingbird"), ratio(samples, name, "SwiftNIO"), ratio(samples, name, "nginx"),
            "%.1f" % (median(one.cpu for one in own) * 1e6),
            "%.2f" % (median(one.p50 for one in own) * 1e3), "%.2f" % (median(one.p99 for one in own) * 1e3),
        ]
        for name, own in samples.items()
    ])


def print_starts(times):
    table("start to first answer", ["ms", "least ms", "CPU ms"], [
        [
            name, "%.1f" % (median(wall for wall, _ in own) * 1e3), "%.1f" % (min(wall for wall, _ in own) * 1e3),
            "%.1f" % (median(cpu for _, cpu in own) * 1e3),
        ]
        for name, own in times.items()
    ])


def print_memory(idle, loaded):
    def megabytes(pair):
        return "%.1f (%.1f)" % (pair[0] / 1e6, pair[1] / 1e6)

    table("RSS in MB (without files)", ["idle", "after the load"], [
        [name, megabytes(idle[name]), megabytes(loaded[name])] for name in idle
    ])


def print_idle(result):
    table("GET beside 10000 idle connections", ["requests/s", "CPU µs/request", "p99 ms", "KB/idle connection"], [
        [
            name, "%.0f" % median(one.rate for one in samples), "%.1f" % (median(one.cpu for one in samples) * 1e6),
            "%.2f" % (median(one.p99 for one in samples) * 1e3), "%.2f" % (each / 1e3),
        ]
        for name, (samples, each) in result.items()
    ])
