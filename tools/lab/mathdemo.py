# SPDX-License-Identifier: MIT
"""mathdemo in a guest: its JSON lines, as a test or the demo looks at them."""

import json
import signal
from typing import Any, Callable

from .agent import Agent, End, Job
from .errors import LabError

OPERATIONS = ("sgemm", "sdot", "saxpy")
INTERVAL_MS = 100

# Who follows isahp does not live by emulation: what it executes where it is gone
# ends it.
NO_EMULATION = ("p=/sys/module/isahp/parameters/undefined; "
                "[ ! -e $p ] || echo signal > $p")


def serves(variant: str) -> Callable[[dict[str, Any]], bool]:
    """Of an interval: calls of all operations, this variant chosen for all."""
    return lambda line: (set(line["variant"].values()) == {variant}
                         and all(line["calls"].values()))


class MathDemo:
    """One running mathdemo. It checks every result itself."""

    def __init__(self, agent: Agent, *options: str, threads: int = 2,
                 label: str = "mathdemo"):
        self.agent = agent
        self.label = label
        agent.sh(NO_EMULATION)
        self.job: Job = agent.start(
            ["mathdemo", "--json", "--interval", str(INTERVAL_MS), "--threads",
             str(threads), "--label", label, *options])
        self._parsed: list[dict[str, Any]] = []

    def lines(self) -> list[dict[str, Any]]:
        """All that it has said."""
        for line in self.job.lines(len(self._parsed)):
            try:
                self._parsed.append(json.loads(line))
            except ValueError:
                raise LabError(f"{self.label}: not JSON: {line!r}") from None
        return self._parsed

    def intervals(self) -> list[dict[str, Any]]:
        return [line for line in self.lines() if "ops_per_s" in line]

    def events(self) -> list[dict[str, Any]]:
        return [line["event"] for line in self.lines() if "event" in line]

    def wait(self, condition: Callable[[dict[str, Any]], bool], what: str,
             timeout_s: float = 60) -> dict[str, Any]:
        """The first interval that began after now and meets the condition."""
        return self.wait_from(len(self.intervals()) + 1, condition, what,
                              timeout_s)

    def wait_from(self, first: int, condition: Callable[[dict[str, Any]], bool],
                  what: str, timeout_s: float = 60) -> dict[str, Any]:
        """The first interval from number `first` on that meets it."""
        def holds() -> bool:
            return (any(map(condition, self.intervals()[first:]))
                    or self.job.end is not None)

        self.agent.wait(holds, timeout_s, f"{self.label}: {what}")
        for line in self.intervals()[first:]:
            if condition(line):
                return line
        raise LabError(f"{self.label} ended ({self.job.end}) before: {what}; "
                       f"it said: {self.job.err[-300:]}")

    def wait_variant(self, name: str, timeout_s: float = 60) -> dict[str, Any]:
        """Wait until every operation computes by this variant: calls were
        made in an interval at whose end nothing else was chosen."""
        return self.wait(serves(name), f"calls by {name}", timeout_s)

    def wait_calls(self, timeout_s: float = 60) -> dict[str, Any]:
        """Wait for calls that began after now."""
        return self.wait(lambda line: all(line["calls"].values()), "calls",
                         timeout_s)

    def end(self, timeout_s: float = 60,
            accept_wrong: bool = False) -> dict[str, Any]:
        """Ask it to end: its summary. LabError when it did not end well, or
        one of its results was wrong and that is not for the caller to tell."""
        if self.job.end is None:
            self.job.signal(signal.SIGTERM)
        end = self.job.wait(timeout_s)
        summary = next((line["summary"] for line in self.lines()
                        if "summary" in line), None)
        counted = accept_wrong and summary and summary["wrong"]
        if not summary or end != End(code=1 if counted else 0):
            raise LabError(f"{self.label}: {end}; its last words: "
                           f"{' '.join(self.job.lines()[-2:])} "
                           f"{self.job.err[-300:]}")
        return summary


def wait_all(demos: list[MathDemo], variant: str) -> None:
    """wait_variant() of several at the same time."""
    firsts = [len(demo.intervals()) + 1 for demo in demos]
    for demo, first in zip(demos, firsts):
        demo.wait_from(first, serves(variant), f"calls by {variant}")
