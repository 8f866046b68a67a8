# SPDX-License-Identifier: MIT
"""What both legs stand on: hosts, the math program's lines, the clock."""

import os
import time
from pathlib import Path
from typing import Any, Callable

from lab import image, kernel
from lab.host import Host
from lab.qemu import Machine
from lab.shim import Shim
from lab.vm import Vm

from demo.timeline import Event, Leg, Sample

LOOK_S = 0.05


class Stage:
    """Hosts and guests of one run; all of them end with it."""

    def __init__(self, folder: Path):
        self.logs = folder / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self._hosts: list[Host] = []
        self._shims: list[Shim] = []

    def shim(self, name: str) -> Shim:
        shim = Shim(name, self.logs)
        self._shims.append(shim)
        return shim

    def host(self, name: str, cpu: str, shim: bool) -> Host:
        host = Host(name, cpu, Shim(name, self.logs) if shim else None)
        self._hosts.append(host)
        return host

    def vm(self, name: str) -> Vm:
        fetched = kernel.fetch(os.environ.get("ISAHP_GUEST_KERNEL") or None)
        machine = Machine(fetched.vmlinux, image.build(fetched))
        return Vm(machine, self.logs, name)

    def end(self) -> None:
        for host in self._hosts:
            host.end()
        for shim in self._shims:
            shim.end()

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


class Watch:
    """Turns the math program's intervals into samples as they come. `entry` says
    how 32-bit programs enter the kernel; each change of it is an event."""

    def __init__(self, leg: Leg, intervals: Callable[[], list[dict[str, Any]]],
                 check: Callable[[], None], entry: Callable[[], str] = lambda: ""):
        self.leg = leg
        self.host = "?"
        self.vendor = ""
        self._entry = entry
        self._entered_by = ""
        self._intervals = intervals
        self._check = check
        self._seen = 0
        self._start = time.monotonic()
        self._ahead_s: float | None = None  # the program's clock, of ours

    @property
    def now(self) -> float:
        """Seconds since the leg began."""
        return time.monotonic() - self._start

    def pump(self) -> None:
        """Show what has come."""
        self._look_at_entry()
        lines = self._intervals()
        for line in lines[self._seen:]:
            self.leg.show_sample(Sample(
                at=round(self._time_of(line), 3), host=self.host, variant=in_use(line),
                ops_per_second=line["ops_per_s"], wrong=line["wrong"],
                vendor=self.vendor, entry=self._entered_by))
        self._seen = len(lines)
        self._check()

    def _look_at_entry(self) -> None:
        entry = self._entry()
        if self._entered_by and entry != self._entered_by:
            self.leg.show_event(Event(
                round(self.now, 3), "entry",
                f"32-bit programs enter the kernel by {entry} now, no longer by "
                f"{self._entered_by}", label=entry))
        self._entered_by = entry

    def _time_of(self, line: dict[str, Any]) -> float:
        """When the program wrote a line: several may have been waiting."""
        said_s = line["time_ns"] / 1e9
        if self._ahead_s is None:
            self._ahead_s = said_s - self.now
        return min(said_s - self._ahead_s, self.now)

    def until(self, over: Callable[[], bool]) -> None:
        while not over():
            self.pump()
            time.sleep(LOOK_S)
        self.pump()

    def dwell(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() >= end)


def in_use(line: dict[str, Any]) -> str:
    """The variants of all operations in one word: one when they agree, else
    sgemm's and the others', which have less to gain from width."""
    variants = line["variant"]
    names = list(dict.fromkeys(variants.values()))
    return names[0] if len(names) == 1 else "/".join(names)
