# SPDX-License-Identifier: MIT
"""A guest: what stays the same while it moves from host to host."""

import shlex
import shutil
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from .agent import Agent
from .errors import GuestSplat, LabError
from .host import Host
from .qemu import Machine, Qemu
from .shim import Command

# The slowest boot under TCG on a loaded machine, several times over.
BOOT_TIMEOUT_S = 180
SYSFS = "/sys/class/misc/isahp"


@dataclass
class Body:
    """A QEMU on a host: where the guest lives, or is about to."""
    qemu: Qemu
    host: Host


class Move:
    """An `isahpctl migrate` under way, and the QEMU that awaits the guest."""

    def __init__(self, vm: "Vm", source: Body, target: Body,
                 command: Command):
        self.vm = vm
        self.source = source
        self.target = target
        self.command = command

    def interrupt(self) -> None:
        self.command.interrupt()

    def wait(self, timeout_s: float = 120) -> Any:
        """What isahpctl says in the end; the guest lives in the target then.
        When it fails, the guest is where it was, and the target is gone."""
        try:
            info = self.command.wait(timeout_s)
        except LabError:
            self.vm.drop(self.target)
            raise
        self.vm.take_over(self.target)
        return info


class Vm:
    """One guest. `agent` speaks to it wherever it is. As a context manager it
    ends all its QEMUs, after a last look at what its kernel has said."""

    def __init__(self, machine: Machine, logs: Path, name: str = "vm"):
        self.machine = machine
        self.name = name
        self.logs = logs
        self.allow: list[str] = []
        self.run_dir = Path(tempfile.mkdtemp(prefix="isahp-lab-"))
        self.agent = Agent(self.check)
        self._body: Body | None = None
        self._all: list[Body] = []
        self._launched = 0
        # Whoever waits looks at all bodies; none may end under his eyes.
        self._bodies = threading.RLock()
        logs.mkdir(parents=True, exist_ok=True)

    # -- bodies ----------------------------------------------------------------

    @property
    def body(self) -> Body:
        if not self._body:
            raise LabError(f"{self.name}: not running")
        return self._body

    @property
    def host(self) -> Host:
        return self.body.host

    def launch(self, host: Host, incoming: str | None = None) -> Body:
        """A QEMU for this guest on a host, not yet its body."""
        name = f"{self.name}-{self._launched}"
        self._launched += 1
        qmp = self.run_dir / f"{name}.qmp"
        ivshmem = host.plug(self.name, qmp)
        try:
            qemu = Qemu(self.machine, host.cpu, name, self.logs, qmp,
                        incoming, ivshmem)
        except LabError:
            host.unplug(self.name)
            raise
        body = Body(qemu, host)
        self._all.append(body)
        return body

    def adopt(self, body: Body) -> None:
        """The guest lives there now."""
        self._body = body
        self.agent.link.attach(body.qemu.agent)

    def drop(self, body: Body) -> None:
        """End a body that is not needed any more."""
        with self._bodies:
            self._all.remove(body)
            body.qemu.end()
        body.host.unplug(self.name)

    def take_over(self, target: Body) -> None:
        """After a migration: live on in the target, end the source."""
        source = self.body
        source.qemu.check(self.allow)
        self.adopt(target)
        self.drop(source)

    # -- life --------------------------------------------------------------------

    def boot(self, host: Host) -> "Vm":
        self.adopt(self.launch(host))
        self.agent.wait_hello(BOOT_TIMEOUT_S)
        return self

    def await_incoming(self, host: Host) -> tuple[Body, str]:
        """A QEMU on a host that waits for this guest, and where."""
        target = self.launch(host, "defer")
        uri = f"unix:{self.run_dir}/{target.qemu.name}.migrate"
        target.qemu.qmp.execute("migrate-incoming", uri=uri)
        return target, uri

    def plain_move(self, host: Host,
                   during: Callable[[], None] = lambda: None
                   ) -> dict[str, Any]:
        """Live-migrate by QMP alone: nobody in the guest is told. Returns
        query-migrate's answer, `downtime` in ms among it. `during` runs beside
        it, and may have to wait for the guest to be at its target."""
        target, uri = self.await_incoming(host)
        qmp = self.body.qemu.qmp
        qmp.execute("migrate", uri=uri)
        with ThreadPoolExecutor(max_workers=1) as beside:
            done = beside.submit(during)
            info = qmp.wait_migration()
            target.qemu.qmp.wait_status("running")
            self.take_over(target)
            done.result()
        return info

    def still_move(self, host: Host) -> None:
        """Migrate it by QMP alone while it stands still. Live, a write of a large
        and busy guest may still be lost: TCG looks whether a page is clean
        before it takes the lock under which it fills a TLB's entry, and the
        page may have been sent in between."""
        target, uri = self.await_incoming(host)
        qmp = self.body.qemu.qmp
        qmp.execute("stop")
        qmp.execute("migrate", uri=uri)
        qmp.wait_migration()
        target.qemu.qmp.wait_status("paused")
        target.qemu.qmp.execute("cont")
        self.take_over(target)

    def start_move(self, host: Host, *options: str) -> Move:
        """Begin `isahpctl migrate` to a host; the options are isahpctl's."""
        source = self.body
        if not source.host.shim or not host.shim:
            raise LabError("isahpctl migrate needs a shim on both hosts")
        target, uri = self.await_incoming(host)
        command = source.host.shim.start(
            "migrate", self.name, "--to", uri, "--dest-control",
            str(host.shim.control), *options)
        return Move(self, source, target, command)

    def move(self, host: Host, *options: str) -> Any:
        """`isahpctl migrate` to its end."""
        return self.start_move(host, *options).wait()

    def lose(self) -> None:
        """Its QEMU dies, as when the power fails. It has no body then."""
        source = self.body
        source.qemu.check(self.allow)
        self.drop(source)
        self._body = None

    def save(self, path: Path, after: Callable[[], None] = lambda: None) -> None:
        """Stop the guest and write it to a file. It has no body then. `after`
        is called when all is written and its QEMU is still there."""
        source = self.body
        source.qemu.qmp.execute("stop")
        source.qemu.qmp.execute(
            "migrate", uri=f"exec:cat > {shlex.quote(str(path))}")
        source.qemu.qmp.wait_migration()
        after()
        source.qemu.check(self.allow)
        self.drop(source)
        self._body = None

    def restore(self, path: Path, host: Host,
                before: Callable[[], None] = lambda: None) -> None:
        """Go on from what save() has written. `before` is called when all is
        there and the guest does not run yet."""
        if not path.is_file():
            raise LabError(f"missing snapshot {path}")
        target = self.launch(host, f"exec:cat {shlex.quote(str(path))}")
        # It was stopped when it was saved, and comes back so.
        target.qemu.qmp.wait_status("paused", timeout_s=120)
        self.adopt(target)
        before()
        target.qemu.qmp.execute("cont")

    def rewind(self, path: Path, host: Host,
               before: Callable[[], None] = lambda: None) -> None:
        """As restore(), of a file that is older than what the guest said last:
        its agent is spoken to anew, and ends what it had started."""
        self.agent.close()
        self.agent = Agent(self.check)
        self.restore(path, host, before)
        self.agent.wait_hello(60)

    def check(self) -> None:
        """Raise when a QEMU has died or a kernel complains."""
        with self._bodies:
            for body in self._all:
                body.qemu.check(self.allow)

    def console_text(self) -> str:
        """All that the kernel has said, on every host, in order."""
        logs = sorted(self.logs.glob(f"{self.name}-*.console.log"),
                      key=lambda p: int(p.name.split(".")[0].split("-")[-1]))
        return "".join(p.read_text(errors="replace") for p in logs)

    def isahp(self, attribute: str) -> str:
        """What the module shows in sysfs."""
        return self.agent.read(f"{SYSFS}/{attribute}")

    def wait_isahp(self, attribute: str, value: str,
                   timeout_s: float = 60) -> None:
        """Wait until the module shows this. One program in the guest looks, so
        that waiting does not load it."""
        path = f"{SYSFS}/{attribute}"
        job = self.agent.start(
            ["sh", "-c", f'until [ "$(cat {path})" = "{value}" ]; '
             "do sleep 0.02; done"])
        try:
            job.wait(timeout_s)
        except LabError:
            raise LabError(f"guest: {attribute} is {self.isahp(attribute)}, "
                           f"not {value}") from None

    def bury(self) -> None:
        """The guest died, as it was to: what its kernel said is no splat."""
        self.allow.append("")
        self.drop(self.body)

    def end(self) -> None:
        """End all bodies."""
        for body in list(self._all):
            self.drop(body)
        self.agent.close()
        shutil.rmtree(self.run_dir, ignore_errors=True)

    def __enter__(self) -> "Vm":
        return self

    def __exit__(self, kind: object, *exc: object) -> None:
        try:
            if kind is None:
                self.check()
        finally:
            self.end()
