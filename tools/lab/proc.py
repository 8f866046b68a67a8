# SPDX-License-Identifier: MIT
"""Processes that end with the one that started them."""

import atexit
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Sequence

from .errors import LabError

_alive: set["Process"] = set()


# What QEMU says at each start about models that TCG has not the whole of.
NOISE = "TCG doesn't support requested feature"


def tail(path: Path, lines: int = 15) -> str:
    """The last lines of a log that say something; the command line that heads
    a QEMU's log does not."""
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return ""
    return "\n".join([line for line in text.splitlines()
                      if NOISE not in line and not line.startswith("+ ")
                      ][-lines:])


class Process:
    """A child in a process group of its own, output into a log file. It is
    killed when this interpreter ends, however that happens."""

    def __init__(self, argv: Sequence[str], log: Path,
                 pass_fds: Sequence[int] = (),
                 env: dict[str, str] | None = None):
        if not shutil.which(argv[0]):
            raise LabError(f"missing program {argv[0]}: install or build it "
                           "(./dev setup, ./dev build)")
        self.name = os.path.basename(argv[0])
        self.log = log
        with open(log, "ab") as out:
            self._child = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *argv],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                pass_fds=pass_fds, start_new_session=True,
                env={**os.environ, **(env or {})})
        self.pid = self._child.pid
        _alive.add(self)

    def poll(self) -> int | None:
        """Exit status, None while it runs; -N when signal N ended it."""
        return self._child.poll()

    def check(self) -> None:
        status = self.poll()
        if status is not None:
            raise LabError(f"{self.name} has ended ({status}): "
                           f"{tail(self.log, 3) or 'it said nothing'}")

    def signal(self, number: int) -> None:
        if self.poll() is None:
            self._child.send_signal(number)

    def wait(self, timeout_s: float) -> int:
        try:
            return self._child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise LabError(f"{self.name} did not end within "
                           f"{timeout_s:.0f} s") from None

    def end(self, timeout_s: float = 10) -> None:
        """Ask it to end, and kill its group when it does not."""
        self.signal(signal.SIGTERM)
        try:
            self._child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            pass
        self.kill()

    def kill(self) -> None:
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        self._child.wait()
        _alive.discard(self)


@atexit.register
def kill_all() -> None:
    for process in list(_alive):
        process.kill()
