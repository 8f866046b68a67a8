# SPDX-License-Identifier: MIT
"""What a day's measurements come to: figures, in the benchmarks' common form."""

import statistics
from dataclasses import dataclass

from bench.figure import Figure, noise_of, ratio_of
from bench.restored.day import AGAIN, BEST, ISAHP, MASKED, SAME, Day, Stay

SUITE = "restored"
GOAL_RESTORED = 0.995
GOAL_REDUCED = 0.99
GOAL_STEADY = 0.995  # a loss of half a percent


@dataclass
class Line:
    """A function's figures, as the table has them."""

    day: Day
    masked: Figure
    restored: Figure
    first: Figure
    on: dict[str, Figure]  # by the host's name
    steady: Figure

    def figures(self) -> list[Figure]:
        return [self.restored, self.first, *self.on.values(), self.steady, self.masked]


def column(stays: list[Stay], which: int) -> list[float]:
    return [row[which] for stay in stays for row in stay.rounds]


def ratio(stays: list[Stay], peer: int, way: int) -> float:
    """Throughput of a way over its peer's."""
    return ratio_of(column(stays, peer), column(stays, way))


def noise(stays: list[Stay]) -> float:
    """The best variant, twice."""
    return noise_of(column(stays, BEST), column(stays, AGAIN))


def over_stay(stay: Stay) -> float:
    """Throughput of isahp over the best's, from the event to the stay's end: the
    first calls as they were, with all that the event cost them, and from then on
    what the rounds say."""
    whole = max(stay.lasted_ms * 1e6, stay.first_ns)
    done = stay.first_calls * statistics.median(column([stay], BEST))
    return (done + ratio([stay], BEST, ISAHP) * (whole - stay.first_ns)) / whole


def first_calls(stay: Stay) -> float:
    return stay.first_calls * statistics.median(column([stay], BEST)) / stay.first_ns


def evaluate(day: Day, home: str, goals: bool) -> Line:
    at_home = [s for s in day.stays if s.host == home]
    back = [s for s in at_home if s.arrived]
    native = day.work / statistics.median(column(at_home, BEST))
    # The figure's own operands, so that it is the peer's times the ratio.
    over = statistics.median(over_stay(s) for s in back)
    first = statistics.median(first_calls(s) for s in back)
    steady = ratio(at_home, SAME, ISAHP)
    masked = ratio(at_home, BEST, MASKED)
    floor = noise(back)
    best = f"native best ({at_home[-1].best})"

    def figure(what: str, share: float, peer: str, peer_value: float, goal: float | None,
               own_noise: float, stays: list[Stay]) -> Figure:
        return Figure(SUITE, f"{day.name}: {what}", share * peer_value, day.unit, peer,
                      peer_value, share, goal if goals else None, noise=own_noise,
                      samples=sum(len(s.rounds) for s in stays))

    on = {}
    for host in dict.fromkeys(s.host for s in day.stays if s.host != home):
        there = [s for s in day.stays if s.host == host]
        own = day.work / statistics.median(column(there, BEST))
        on[host] = figure(f"on {host}", statistics.median(over_stay(s) for s in there),
                          f"best there ({there[-1].best})", own, GOAL_REDUCED, noise(there), there)
    return Line(
        day, on=on,
        masked=figure("masked for life", masked, best, native, None, noise(at_home), at_home),
        restored=figure("restored", over, best, native, GOAL_RESTORED, floor, back),
        first=figure("restored, first 1,000 calls", first, best, native, None, floor, back),
        steady=figure("steady", steady, f"direct calls ({at_home[-1].on})",
                      day.work / statistics.median(column(at_home, SAME)), GOAL_STEADY,
                      noise(at_home), at_home))


def exchange(days: list[Day]) -> list[Figure]:
    """From hearing of an event to having exchanged variants."""
    took = sorted((s.done_ns - s.heard_ns) / 1e6 for d in days for s in d.stays if s.arrived)
    if not took:
        return []
    return [Figure(SUITE, f"event heard to exchanged, {name}", value, "ms", samples=len(took))
            for name, value in (("p50", statistics.median(took)), ("max", took[-1]))]


def lost(days: list[Day]) -> float:
    """Share of the time that other programs had of the CPU that computes."""
    stays = [s for d in days for s in d.stays]
    taken = sum(s.lost_all_ns for s in stays)
    return taken / (taken + sum(s.lasted_ms for s in stays) * 1e6)


def cell(figure: Figure) -> str:
    mark = "!" if figure.met is False else " "
    return f"{figure.ratio:.4f}{mark}{'~' if figure.inside else ' '}"


def table(lines: list[Line]) -> list[str]:
    """For people: a line for each function."""
    reduced = list(lines[0].on)
    heads = [("function", ""), ("variants", "by host"), ("masked", "for life"),
             ("native", "best"), ("", "gain"), ("restored", "/ best"), ("first", "1,000"),
             *((f"on {host}", "/ best") for host in reduced), ("steady", "loss"),
             ("A/A", "noise")]
    rows = [[head[i] for head in heads] for i in (0, 1)]
    for line in lines:
        day = line.day
        used = list(dict.fromkeys(s.on for s in day.stays))
        rows.append([
            day.name, " ".join(used),
            f"{line.masked.value:.3g}", f"{line.restored.peer_value:.3g} {day.unit}",
            f"{1 / line.masked.ratio:.1f} x", cell(line.restored), f"{line.first.ratio:.3f}",
            *(cell(line.on[host]) for host in reduced),
            f"{100 * (1 - line.steady.ratio):.2f} %" + cell(line.steady)[-2:],
            f"{100 * max(f.noise for f in line.figures()):.2f} %"])
    widths = [max(len(row[i]) for row in rows) for i in range(len(heads))]
    left = 2
    return ["  ".join(text.ljust(width) if i < left else text.rjust(width)
                      for i, (text, width) in enumerate(zip(row, widths))).rstrip()
            for row in rows]
