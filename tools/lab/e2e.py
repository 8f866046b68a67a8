# SPDX-License-Identifier: MIT
"""What a test script starts with.

    from lab import e2e

    def test(t: e2e.Test) -> None:
        with t.vm() as vm:
            vm.boot(t.host("rich", cpus.RICH))
            ...

    e2e.main(test)

The script ends with 0, 1 or, with a reason, 77 (skipped). Logs are kept in
build/PRESET/e2e/NN-what-holds/; their tails are shown on failure.
"""

import inspect
import os
import shutil
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Callable

from . import image, kernel
from .errors import LabError, Silence, Skip
from .host import Host
from .paths import build_dir
from .proc import kill_all, tail
from .qemu import Machine, accel
from .shim import Shim
from .standin import StandIn
from .vm import Vm

SKIPPED = 77


class Test:
    """One run of one script: its folder, its guests, its steps."""

    def __init__(self, name: str):
        self.name = name
        self.kernel_version = os.environ.get("ISAHP_GUEST_KERNEL", "")
        of = f"e2e-{self.kernel_version}" if self.kernel_version else "e2e"
        self.folder = build_dir() / of / name
        self._start = time.monotonic()
        self._hosts: list[Host | StandIn] = []
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    def say(self, text: str) -> None:
        """A step, with the time it was reached."""
        print(f"[{time.monotonic() - self._start:6.1f}] {text}", flush=True)

    def kernel(self) -> kernel.Kernel:
        return kernel.fetch(self.kernel_version)

    def machine(self, cmdline: str = "", clear: tuple[str, ...] = (),
                whole: bool = False, programs: tuple[str, ...] = (),
                files: image.Files = (), **options) -> Machine:
        """`clear`: features that the kernel does without, and its programs do
        not. What it would be built on and tests take away is among them,
        unless the test wants it whole. `programs`: of this system, by their
        paths. `files`: more of it, each with its path in the guest."""
        fetched = self.kernel()
        if not whole:
            clear = fetched.built_on + clear
        if clear:
            cmdline = f"{cmdline} clearcpuid={','.join(clear)}".strip()
        extra = tuple(Path(program) for program in programs)
        return Machine(fetched.vmlinux, image.build(fetched, extra, files),
                       cmdline=cmdline, **options)

    def vm(self, name: str = "vm", **options) -> Vm:
        return Vm(self.machine(**options), self.folder, name)

    def host(self, name: str, cpu: str, shim: bool = True) -> Host:
        """A host; with a shim, its own isahpd. Skips the test where the
        guest's module was not built."""
        if shim:
            self._need_module()
        host = Host(name, cpu, Shim(name, self.folder) if shim else None)
        self._hosts.append(host)
        return host

    def _need_module(self) -> None:
        if not image.module(self.kernel()):
            raise Skip(f"no isahp.ko for {self.kernel().release}: lab --kernel "
                       f"{self.kernel().release} module builds it")

    def stand_in(self, name: str, cpu: str, **options) -> StandIn:
        """A host whose part the test plays: it says what it is told to say."""
        self._need_module()
        host = StandIn(name, cpu, **options)
        self._hosts.append(host)
        return host

    def plain_host(self, name: str, cpu: str) -> Host:
        return self.host(name, cpu, shim=False)

    def end(self) -> None:
        for host in self._hosts:
            host.end()

    def need_program(self, name: str, fix: str) -> None:
        """Skip the test where a program of the guest was not built."""
        if not (build_dir() / "guest" / name).is_file():
            raise Skip(f"{name} is not built: {fix}")

    def show_logs(self) -> None:
        for log in sorted(self.folder.rglob("*.log")):
            text = tail(log)
            if text:
                print(f"--- {log.relative_to(self.folder)}\n{text}")


def require(condition: bool, what: str) -> None:
    """The claim of a test."""
    if not condition:
        raise AssertionError(what)


def require_equal(got: object, want: object, what: str) -> None:
    if got != want:
        raise AssertionError(f"{what}: {got!r}, not {want!r}")


def _on_signal(number: int, _frame: object) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)


def _run(function: Callable[[Test], None], test: Test, more: int) -> Test:
    """Run it, and anew where a guest fell silent and `more` tries are left.
    Returns the test that has ended."""
    try:
        function(test)
        return test
    except Silence as silence:
        if not more:
            raise
        kill_all()
        test.show_logs()
        test.say(f"ONCE MORE: {silence}")
        test.end()
        return _run(function, Test(test.name), more - 1)


def main(function: Callable[[Test], None], tries: int = 1) -> None:
    """Run a test function as the script's whole work; does not return. `tries`:
    how often, should a guest fall silent. Only for emulators that are known to
    lose guests, and said in docs/testing.md."""
    name = Path(inspect.getfile(function)).stem
    signal.signal(signal.SIGTERM, _on_signal)
    test = Test(name)
    test.say(f"{name}: {accel()}, kernel {test.kernel_version or 'default'}")
    reason = ""
    try:
        test = _run(function, test, tries - 1)
        status = 0
    except Skip as why:
        reason = str(why)
        status = SKIPPED
    except KeyboardInterrupt:
        print("interrupted")
        status = 130
    except (LabError, AssertionError) as error:
        where = traceback.extract_tb(error.__traceback__)
        mine = [f for f in where if Path(f.filename).stem == name]
        kill_all()
        test.show_logs()
        print(f"FAILED at {name}:{mine[-1].lineno if mine else '?'}: {error}")
        status = 1
    except Exception:
        kill_all()
        test.show_logs()
        traceback.print_exc()
        status = 1
    test.end()
    test.say(f"{name}: {'ok' if status == 0 else f'exit {status}'}")
    if reason:
        # The last line is what ./dev test shows of a skip.
        print(reason)
    sys.stdout.flush()
    kill_all()
    sys.exit(status)
