# SPDX-License-Identifier: MIT
"""Programs in the guest, by way of its agent (tests/e2e/guest/agent.c)."""

import os
import signal
import threading
import time
from dataclasses import dataclass
from typing import Callable, Sequence

from .errors import LabError, Silence
from .link import Link

VERSION = 1


@dataclass(frozen=True)
class End:
    """How a job ended: with an exit code, or by a signal."""
    code: int | None = None
    signal: int | None = None

    def __str__(self) -> str:
        if self.signal is None:
            return f"exit code {self.code}"
        try:
            return f"signal {signal.Signals(self.signal).name}"
        except ValueError:
            return f"signal {self.signal}"


@dataclass(frozen=True)
class Result:
    """A finished command: its end, and its output as text."""
    end: End
    out: str
    err: str

    @property
    def code(self) -> int:
        """As a shell gives it."""
        if self.end.signal is not None:
            return 128 + self.end.signal
        return self.end.code or 0


class Stream:
    """Output, cut into lines as it comes."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._tail = b""

    def feed(self, data: bytes) -> None:
        *whole, self._tail = (self._tail + data).split(b"\n")
        self.lines += [line.decode(errors="replace") for line in whole]

    def text(self) -> str:
        return "\n".join([*self.lines, self._tail.decode(errors="replace")])


class Job:
    """A program in the guest. Its output grows while it runs."""

    def __init__(self, agent: "Agent", number: int, argv: Sequence[str]):
        self.agent = agent
        self.number = number
        self.argv = list(argv)
        self.pid = 0
        self.end: End | None = None
        self.error = 0
        self._out = Stream()
        self._err = Stream()

    @property
    def out(self) -> str:
        with self.agent.changed:
            return self._out.text()

    @property
    def err(self) -> str:
        with self.agent.changed:
            return self._err.text()

    def lines(self, since: int = 0) -> list[str]:
        """The whole lines of standard output so far, from number `since`."""
        with self.agent.changed:
            return self._out.lines[since:]

    def wait_line(self, match: Callable[[str], bool], timeout_s: float = 60,
                  since: int = 0) -> str:
        """The first line of standard output, from line number `since` on, that
        `match` accepts; waits for it."""
        found: list[str] = []

        def look() -> bool:
            nonlocal since
            fresh = self.lines(since)
            since += len(fresh)
            found.extend([s for s in fresh if match(s)][:1])
            return bool(found) or self.end is not None

        self.agent.wait(look, timeout_s, f"a line of {self.argv[0]}")
        if not found:
            raise LabError(f"guest: {self.argv[0]} ended ({self.end}) before "
                           f"the awaited line; it said: {self.err[-400:]}")
        return found[0]

    def wait(self, timeout_s: float = 60) -> End:
        self.agent.wait(lambda: self.end is not None, timeout_s,
                        f"the end of {self.argv[0]}")
        assert self.end
        return self.end

    def signal(self, number: int, group: bool = False) -> None:
        self.agent.kill(self, number, group)

    def feed(self, stream: int, data: bytes) -> None:
        (self._out if stream == 1 else self._err).feed(data)


class Agent:
    """The guest's agent: start programs, wait for them, signal them.

    `poll` is called now and then while waiting, and may raise: it is how a
    dead QEMU or an oops ends a wait.
    """

    def __init__(self, poll: Callable[[], None] = lambda: None):
        self.changed = threading.Condition()
        self.link = Link(self._on_frame)
        self.poll = poll
        self.hello = False
        self._jobs: dict[int, Job] = {}
        self._killed: dict[int, int] = {}
        self._next = 1

    # -- frames from the guest; on the link's thread ---------------------------

    def _on_frame(self, payload: bytes) -> None:
        verb, _, rest = payload.partition(b" ")
        with self.changed:
            if verb == b"hello":
                self.hello = int(rest) == VERSION
            else:
                number, _, rest = rest.partition(b" ")
                job = self._jobs.get(int(number))
                if job:
                    self._on_job(job, verb, rest)
            self.changed.notify_all()

    def _on_job(self, job: Job, verb: bytes, rest: bytes) -> None:
        if verb == b"started":
            job.pid = int(rest)
        elif verb == b"failed":
            job.error = int(rest)
        elif verb == b"out":
            stream, _, data = rest.partition(b" ")
            job.feed(int(stream), data)
        elif verb == b"killed":
            self._killed[job.number] = int(rest)
        elif verb == b"exit":
            kind, _, number = rest.partition(b" ")
            job.end = (End(code=int(number)) if kind == b"code"
                       else End(signal=int(number)))

    # -- for the owner ---------------------------------------------------------

    def wait(self, condition: Callable[[], bool], timeout_s: float,
             what: str) -> None:
        """Wait until what the guest sends has made the condition true."""
        deadline = time.monotonic() + timeout_s
        while True:
            with self.changed:
                if condition():
                    return
                left = deadline - time.monotonic()
                if left > 0:
                    self.changed.wait(min(left, 0.5))
                    if condition():
                        return
            self.poll()
            if time.monotonic() >= deadline:
                raise Silence(f"guest: no sign of {what} "
                              f"within {timeout_s:.0f} s")

    def wait_hello(self, timeout_s: float) -> None:
        self.wait(lambda: self.hello, timeout_s, "the agent's hello")

    def send(self, argv: Sequence[str]) -> Job:
        """Have a program started, found in the guest's PATH; wait for nothing."""
        with self.changed:
            job = Job(self, self._next, argv)
            self._next += 1
            self._jobs[job.number] = job
        args = b"".join(a.encode() + b"\0" for a in argv)
        self.link.send(b"run %d %s" % (job.number, args))
        return job

    def start(self, argv: Sequence[str], timeout_s: float = 60) -> Job:
        """Start a program, found in the guest's PATH."""
        job = self.send(argv)
        self.wait(lambda: job.pid > 0 or job.error > 0, timeout_s,
                  f"the start of {argv[0]}")
        if job.error:
            raise LabError(f"guest: cannot run {argv[0]}: "
                           f"{os.strerror(job.error)}")
        return job

    def run(self, argv: Sequence[str], timeout_s: float = 60,
            check: bool = True) -> Result:
        """Run a program to its end. `check`: anything but exit code 0 raises."""
        job = self.start(argv, timeout_s)
        end = job.wait(timeout_s)
        result = Result(end, job.out, job.err)
        if check and result.code:
            raise LabError(f"guest: {' '.join(argv)}: {end}: "
                           f"{(job.err or job.out).strip()[-400:]}")
        return result

    def sh(self, script: str, timeout_s: float = 60) -> str:
        """Run a shell script; its standard output without the last newline."""
        return self.run(["sh", "-c", script], timeout_s).out.rstrip("\n")

    def read(self, path: str) -> str:
        return self.run(["cat", path]).out.rstrip("\n")

    def kill(self, job: Job, number: int, group: bool = False) -> None:
        with self.changed:
            self._killed.pop(job.number, None)
        self.link.send(b"kill %d %d %s" % (
            job.number, number, b"group" if group else b"process"))
        self.wait(lambda: job.number in self._killed, 60,
                  f"the answer to a signal for {job.argv[0]}")
        error = self._killed[job.number]
        if error:
            raise LabError(f"guest: cannot signal {job.argv[0]}: "
                           f"{os.strerror(error)}")

    def close(self) -> None:
        self.link.close()
