# SPDX-License-Identifier: MIT
"""What happened when: samples of the math program, events of the hosts."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Sample:
    """One interval of the math program, as it reported it."""

    at: float  # seconds since the leg began
    host: str
    variant: str
    ops_per_second: float
    wrong: int
    vendor: str = ""  # of the host, where it matters
    entry: str = ""  # how 32-bit programs enter the kernel, where there are any


@dataclass
class Event:
    """Something that an operator or the guest would tell of."""

    at: float
    kind: str  # move, entry, rounds, died
    text: str
    label: str = ""  # a few words for the picture; without one it is not there
    vendor: str = ""  # of a move: of the host that it leads to


@dataclass
class Leg:
    """One course over the hosts: natively, or in the guest."""

    name: str
    title: str
    samples: list[Sample] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    totals: dict[str, Any] = field(default_factory=dict)

    def show_sample(self, sample: Sample) -> None:
        self.samples.append(sample)
        more = f"  {sample.vendor}, 32-bit by {sample.entry}" if sample.entry else ""
        wrong = f"  WRONG RESULTS: {sample.wrong}" if sample.wrong else ""
        print(f"{sample.at:6.1f} s  {self.name:<6}  host {sample.host:<10}  "
              f"variant {sample.variant:<8}  {rate(sample.ops_per_second):>14}{more}{wrong}",
              flush=True)

    def show_event(self, event: Event) -> None:
        self.events.append(event)
        print(f"{event.at:6.1f} s  {self.name:<6}  -- {event.kind}: {event.text}", flush=True)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def rate(ops_per_second: float) -> str:
    """A rate as people read it: 12.3 k calls/s."""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if ops_per_second >= size:
            return f"{ops_per_second / size:.1f} {unit} calls/s"
    return f"{ops_per_second:.0f} calls/s"


def percentile(values: list[float], share: float) -> float:
    """Nearest-rank percentile: the smallest value that `share` of them do not exceed."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * share // 1))
    return ordered[int(rank) - 1]
