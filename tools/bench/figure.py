# SPDX-License-Identifier: MIT
"""A benchmark's figure, as bench.c has it: for suites that are scripts."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass
class Figure:
    """One row: `ratio` is to the peer, `goal` what it should be at least, or at
    most. `noise` is how far the same thing, measured twice, differed."""

    suite: str
    name: str
    value: float
    unit: str
    peer: str | None = None
    peer_value: float | None = None
    ratio: float | None = None
    goal: float | None = None
    at_most: bool = False
    noise: float | None = None
    samples: int | None = None

    def __post_init__(self) -> None:
        # What is met is what is printed.
        if self.ratio is not None:
            self.ratio = float(f"{self.ratio:.5g}")
        if self.goal is not None:
            self.goal = float(f"{self.goal:.4g}")

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        return self.ratio <= self.goal if self.at_most else self.ratio >= self.goal

    @property
    def inside(self) -> bool:
        """Is the ratio as near to the goal as the same thing is to itself?"""
        return self.goal is not None and abs(self.ratio / self.goal - 1) <= (self.noise or 0)

    @property
    def verdict(self) -> str | None:
        if self.goal is None:
            return None
        return ("met" if self.met else "missed") + (", inside the noise" if self.inside else "")

    @property
    def goal_is(self) -> str | None:
        if self.goal is None:
            return None
        return "at most" if self.at_most else "at least"

    def to_json(self) -> dict[str, Any]:
        return {"suite": self.suite, "name": self.name, "value": self.value, "unit": self.unit,
                "peer": self.peer, "peer_value": self.peer_value, "ratio": self.ratio,
                "goal": self.goal, "goal_is": self.goal_is, "met": self.met,
                "noise": self.noise, "verdict": self.verdict, "samples": self.samples}

    def __str__(self) -> str:
        line = f"{self.name:<40} {self.value:10.3f} {self.unit:<7}"
        if self.peer is None:
            return line.rstrip()
        goal = noise = ""
        if self.goal is not None:
            goal = f"{'<=' if self.at_most else '>='} {self.goal:.4g}"
            noise = f"{100 * (self.noise or 0):.2f} %"
        line += f" {self.ratio:9.4f} {goal:<8} {noise:>7}  {self.verdict or '':<24} {self.peer}"
        if self.peer_value:
            line += f", {self.peer_value:.6g} {self.unit}"
        return line


def header(suite: str) -> str:
    """What stands above the rows."""
    return (f"{suite:<40} {'median':>10} {'unit':<7} {'ratio':>9} {'goal':<8} {'noise':>7}  "
            f"{'':<24} to")


def ratio_of(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the rounds' ratios, so that what makes a whole round slower
    cancels out."""
    return statistics.median(a / b for a, b in zip(ours, theirs))


def noise_of(one: Sequence[float], again: Sequence[float]) -> float:
    """The same thing, twice (A/A): by how much it differs in the worst third."""
    pairs = list(zip(one, again))
    third = -(-len(pairs) // 3)
    return max(abs(statistics.median(b / a for a, b in pairs[i:i + third]) - 1)
               for i in range(0, len(pairs), third))
