"""Tables and goals from the samples of tests/bench/run: medians, ratios, nothing that judges.

A ratio compares two servers round by round, for only what ran at the same time is comparable on a
busy machine; the median of those ratios is shown.
"""

import dataclasses
import statistics


def median(samples, key):
    return statistics.median(sample[key] for sample in samples)


def ratio(samples, other, key):
    """The median over the rounds of samples/other; None where there is nothing to divide by."""
    pairs = [(a[key], b[key]) for a, b in zip(samples, other)]
    if not pairs or any(b == 0 for _, b in pairs):
        return None
    return statistics.median(a / b for a, b in pairs)


def number(value):
    """Three digits that matter."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table(head, lines):
    """A Markdown table whose columns are also aligned for a terminal."""
    rows = [head, *lines]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]

    def show(row):
        first = [cell.ljust(width) for cell, width in zip(row[:2], widths)]
        rest = [cell.rjust(width) for cell, width in zip(row[2:], widths[2:])]
        return "| " + " | ".join(first + rest) + " |"

    dashes = ["-" * width if i < 2 else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    return "\n".join([show(head), show(dashes), *map(show, lines)])


def echo_table(samples, reference):
    """One line for each row of load and server; ratios are to the server `reference`."""
    head = ["load", "server", "messages/s", "ratio", "MB/s", "CPU us", "ratio", "CPU %", "p50 us",
            "p99 us", "ratio"]
    lines = []
    for label, servers in samples.items():
        for name, rounds in servers.items():
            if not rounds:
                lines.append([label, name, "failed", *["-"] * (len(head) - 3)])
                label = ""
                continue

            def against(key, rounds=rounds, servers=servers):
                value = ratio(rounds, servers[reference], key) if reference in servers else None
                return "-" if value is None else f"{value:.2f}"

            lines.append([
                label, name,
                f"{median(rounds, 'messages_per_s'):,.0f}", against("messages_per_s"),
                number(median(rounds, "bytes_per_s") / 1e6),
                number(median(rounds, "cpu_us")), against("cpu_us"),
                f"{median(rounds, 'cpu_share') * 100:.0f}",
                number(median(rounds, "p50_us")),
                number(median(rounds, "p99_us")), against("p99_us"),
            ])
            label = ""
    return table(head, lines)


@dataclasses.dataclass(frozen=True)
class Goal:
    """A bound on a ratio between netkit and another server, in every row or some."""

    text: str
    other: str
    key: str
    least: float = 0.0
    most: float = float("inf")
    rows: tuple = ()  # Labels; empty: all.

    def judge(self, samples):
        """The line that says how it went, and how far the limit itself gets against a peer."""
        found = {}
        for label, servers in samples.items():
            if (not self.rows or label in self.rows) and {"netkit", self.other} <= set(servers):
                found[label] = ratio(servers["netkit"], servers[self.other], self.key)
        found = {label: value for label, value in found.items() if value is not None}
        if not found:
            return f"goal: {self.text}: not measured"
        pick = min if self.least else max
        worst = pick(found, key=found.get)
        missed = [label for label, value in found.items() if not self.least <= value <= self.most]
        verdict = f"missed in {len(missed)} of {len(found)} rows" if missed else "reached"
        return (f"goal: {self.text}: {verdict} (worst {found[worst]:.2f} at {worst}"
                f"{self._limit(samples[worst])})")

    def _limit(self, servers):
        if self.other == "plain" or "plain" not in servers:
            return ""
        value = ratio(servers["plain"], servers[self.other], self.key)
        return "" if value is None else f", where plain has {value:.2f}"


def bound(text, value, most, unit):
    """The line for a goal that is a plain upper bound."""
    if value is None:
        return f"goal: {text}: not measured"
    verdict = "reached" if value <= most else "missed"
    return f"goal: {text}: {verdict} ({number(value)}{unit}, {value / most:.2f} of it)"
