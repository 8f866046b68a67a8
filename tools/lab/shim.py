# SPDX-License-Identifier: MIT
"""isahpd and isahpctl, as a test drives them."""

import contextlib
import json
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Iterator

from .errors import LabError
from .paths import build_dir
from .proc import Process


class CtlError(LabError):
    """isahpctl did not succeed. `exit` is its exit code, `data` what it knew
    all the same, `answer` all that it said."""

    def __init__(self, message: str, code: int, answer: Any):
        super().__init__(message)
        self.exit = code
        self.answer = answer or {}
        self.data = self.answer.get("data") or {}


def _program(name: str) -> Path:
    path = build_dir() / "bin" / name
    if not path.is_file():
        raise LabError(f"missing program {path}: build it (./dev build)")
    return path


class Command:
    """An isahpctl under way."""

    def __init__(self, control: Path, args: tuple[str, ...]):
        self.what = " ".join(args[:2])
        self._child = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", str(_program("isahpctl")),
             "--socket", str(control), "--json", *args], text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)

    def is_over(self) -> bool:
        return self._child.poll() is not None

    def interrupt(self) -> None:
        """Ctrl-C."""
        self._child.send_signal(signal.SIGINT)

    def wait(self, timeout_s: float = 120) -> Any:
        """Its JSON; CtlError when it did not succeed."""
        try:
            out, err = self._child.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.communicate()
            raise LabError(f"isahpctl {self.what}: no end within "
                           f"{timeout_s:.0f} s") from None
        try:
            answer = json.loads(out) if out.strip() else {}
        except ValueError:
            raise LabError(f"isahpctl {self.what}: not JSON: {out!r}"
                           ) from None
        code = self._child.returncode
        if code:
            error = answer.get("error", {})
            raise CtlError(error.get("message") or err.strip() or
                           f"isahpctl {self.what}: exit {code}",
                           code, answer)
        return answer


class Shim:
    """One isahpd in a runtime folder of its own."""

    def __init__(self, name: str, logs: Path):
        self.name = name
        self.log = logs / f"{name}.isahpd.log"
        # Not in `logs`: a socket's path is at most 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="isahp-lab-"))
        self.control = self.folder / "control.sock"
        self.process = self._start()

    def _start(self) -> Process:
        process = Process([str(_program("isahpd")), "--runtime-dir",
                           str(self.folder), "--log-level", "debug"],
                          self.log)
        deadline = time.monotonic() + 30
        while True:
            process.check()
            with socket.socket(socket.AF_UNIX) as probe:
                try:
                    probe.connect(str(self.control))
                    return process
                except OSError as error:
                    if time.monotonic() > deadline:
                        raise LabError(f"isahpd {self.name}: does not "
                                       f"listen: {error}") from None
            time.sleep(0.01)

    def start(self, *args: str) -> Command:
        """An isahpctl command, without waiting for its end."""
        return Command(self.control, args)

    def ctl(self, *args: str, timeout_s: float = 120) -> Any:
        """An isahpctl command: its JSON. CtlError when it fails."""
        return self.start(*args).wait(timeout_s)

    def show(self, vm: str) -> Any:
        return self.ctl("vm", "show", vm)

    def await_vm(self, vm: str, what: str = "settled",
                 timeout_s: float = 60) -> Any:
        """Wait until "target", "registered" or "settled" is true of a VM."""
        return self.ctl("vm", "wait", vm, "--for", what, "--timeout",
                        str(int(timeout_s * 1000)), timeout_s=timeout_s + 30)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """It neither looks nor speaks meanwhile."""
        self.process.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.signal(signal.SIGCONT)

    def kill(self) -> None:
        """As a crash: nothing is said to anybody."""
        self.process.kill()

    def end(self) -> None:
        self.process.end()
        shutil.rmtree(self.folder, ignore_errors=True)
