# SPDX-License-Identifier: MIT
"""A day: the hosts a VM is migrated among, played by isahpd over its loopback,
and the program that computes meanwhile, on a CPU of its own."""

import json
import os
import select
import subprocess
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.paths import build_dir
from lab.shim import Shim

VM = "day"
ANSWER_S = 90
DEADLINE_MS = "30000"

# A round's columns; see enum way in examples/mathlib/bench/restored/contest.h.
AT, BEST, AGAIN, ISAHP, MASKED, SAME = range(6)


@dataclass(frozen=True)
class Host:
    """A type of host: what people call it, and isahpctl's --present."""

    name: str
    present: str


@dataclass
class Stay:
    """One function on one host, from the event that led there."""

    host: str
    arrived: bool  # there was an event: the day's first stay has none
    lasted_ms: float  # from the event on
    best: str  # variants, by name
    on: str
    heard_ns: float
    done_ns: float
    first_calls: float
    first_ns: float
    lost_ns: float  # beside first_ns: other programs had the CPU
    lost_all_ns: float  # and in all of the stay
    rounds: list[list[float]]
    trace: list[list[float]]


@dataclass
class Day:
    """One function, through all stays."""

    name: str
    unit: str
    work: float  # of a call: over its nanoseconds it is throughput in `unit`
    masked: str
    variants: dict[str, float]
    stays: list[Stay] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def hosts(flags: set[str]) -> list[Host]:
    """From the poorest to this CPU itself."""
    pool = [Host("SSE2", "x86-64-v1")]
    if {"avx2", "fma"} <= flags and "avx512f" in flags:
        pool.append(Host("AVX2", "native,-avx512f"))
    if "avx512f" in flags:
        pool.append(Host("AVX-512", "native"))
    else:
        pool.append(Host("AVX2" if "avx2" in flags else "native", "native"))
    return pool


def course(pool: list[Host]) -> list[Host]:
    """Where the day leads: it begins and ends at home. There are three arrivals
    at each host, from each other one."""
    poorest, home = pool[0], pool[-1]
    if len(pool) == 2:
        return [home, *[poorest, home] * 3]
    between = pool[1]
    return [home, between, poorest, home, poorest, between, home, between, poorest, home]


class Worker:
    """mathlib_restored. It ends with this interpreter."""

    def __init__(self, socket: str, cpu: int, other: int, log: Path):
        program = build_dir() / "bin" / "mathlib_restored"
        if not program.is_file():
            raise LabError(f"missing program {program}: build it (./dev build)")
        self._log = open(log, "wb")
        self._child = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", program, str(cpu), str(other)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
            bufsize=0, start_new_session=True,
            env={**os.environ, "ISAHP_LOOPBACK": socket})
        self._unread = b""

    def say(self, *words: object) -> None:
        try:
            self._child.stdin.write((" ".join(map(str, words)) + "\n").encode())
        except BrokenPipeError:
            raise self._ended() from None

    def _ended(self) -> LabError:
        self._child.kill()
        status = self._child.wait()
        said = Path(self._log.name).read_text(errors="replace").strip()
        return LabError(f"mathlib_restored has ended ({status}): {said or 'it said nothing'}")

    def answer(self) -> dict[str, Any]:
        while b"\n" not in self._unread:
            if not select.select([self._child.stdout], [], [], ANSWER_S)[0]:
                raise LabError(f"mathlib_restored: no answer within {ANSWER_S} s")
            more = os.read(self._child.stdout.fileno(), 1 << 16)
            if not more:
                raise self._ended()
            self._unread += more
        line, self._unread = self._unread.split(b"\n", 1)
        try:
            said = json.loads(line)
        except ValueError:
            raise LabError(f"mathlib_restored: not JSON: {line[:80]!r}") from None
        if "error" in said:
            raise LabError(f"mathlib_restored: {said['error']}")
        return said

    def ask(self, *words: object) -> dict[str, Any]:
        self.say(*words)
        return self.answer()

    def end(self) -> None:
        self._child.kill()
        self._child.wait()
        self._log.close()


class Stage:
    """isahpd, the worker, and the host that they are on."""

    def __init__(self, logs: Path, pool: list[Host]):
        self.pool = pool
        cpus = sorted(os.sched_getaffinity(0))
        self.cpu, self.other = cpus[0], cpus[-1]
        # Whoever plays does not disturb who computes.
        os.sched_setaffinity(0, cpus[1:] or cpus)
        self._shim = Shim(VM, logs)
        self._worker: Worker | None = None
        try:
            added = self._shim.ctl("vm", "add", VM, "--loopback", "--play-silent",
                                   "--present", pool[0].present)
            self._worker = Worker(added["socket"], self.cpu, self.other,
                                  logs / "mathlib_restored.log")
            said = self._worker.ask("poorest")
        except BaseException:
            self.end()
            raise
        self.functions: list[str] = said["workloads"]
        self.machine: str = said["machine"]
        self.emulated: bool = said["emulated"]
        self._changes: int = said["changes"]

    def ask(self, words: str) -> dict[str, Any]:
        """The worker, anything."""
        return self._worker.ask(words)

    def _move(self, host: Host) -> None:
        self._shim.ctl("announce", VM, "--present", host.present, "--deadline", DEADLINE_MS)

    def home(self) -> None:
        """To the richest host, without looking."""
        self._worker.say("wait", self._changes)
        self._move(self.pool[-1])
        self._changes = self._worker.answer()["changes"]

    def _stay(self, host: Host, stay_ms: float, event: bool) -> Stay:
        self._worker.say("stay", self._changes if event else -1, stay_ms)
        if event:
            self._move(host)
        said = self._worker.answer()
        self._changes = said.pop("changes")
        return Stay(host=host.name, arrived=event, lasted_ms=stay_ms, **said)

    def play(self, function: str, stay_ms: float, slice_us: float) -> Day:
        """A function's day; before and after it all are at home. Stays last
        `stay_ms` there, and half of that elsewhere."""
        day = Day(**self._worker.ask("begin", function, slice_us))
        for i, host in enumerate(course(self.pool)):
            lasts_ms = stay_ms if host == self.pool[-1] else stay_ms / 2
            day.stays.append(self._stay(host, lasts_ms, event=i > 0))
        return day

    def end(self) -> None:
        if self._worker:
            self._worker.end()
        self._shim.end()

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
