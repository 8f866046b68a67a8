# SPDX-License-Identifier: MIT
"""A guest: what stays the same while it moves from QEMU to QEMU."""

import shlex
import shutil
import tempfile
from pathlib import Path
from typing import Any, Callable

from .agent import Agent
from .errors import LabError
from .qemu import Machine, Qemu

# The slowest boot under TCG on a loaded machine, several times over.
BOOT_TIMEOUT_S = 180


class Vm:
    """One guest. `qemu` is its present body; `agent` speaks to it wherever
    it is. Ends all its QEMUs as a context manager."""

    def __init__(self, machine: Machine, logs: Path, name: str = "vm"):
        self.machine = machine
        self.name = name
        self.logs = logs
        self.allow: list[str] = []
        self.run_dir = Path(tempfile.mkdtemp(prefix="isahp-lab-"))
        self.qemu: Qemu | None = None
        self.agent = Agent(self.check)
        self._all: list[Qemu] = []
        self._launched = 0
        logs.mkdir(parents=True, exist_ok=True)

    # -- bodies ----------------------------------------------------------------

    def launch(self, cpu: str, incoming: str | None = None,
               ivshmem: Path | None = None) -> Qemu:
        """A QEMU for this guest, not yet its body."""
        if self.machine.ivshmem and not ivshmem:
            raise LabError(f"{self.name}: an ivshmem machine needs the "
                           "socket of a host's shim")
        qemu = Qemu(self.machine, cpu, f"{self.name}-{self._launched}",
                    self.logs, self.run_dir, incoming, ivshmem)
        self._launched += 1
        self._all.append(qemu)
        return qemu

    def adopt(self, qemu: Qemu) -> None:
        """The guest lives there now."""
        self.qemu = qemu
        self.agent.link.attach(qemu.agent)

    def drop(self, qemu: Qemu) -> None:
        """End a body that is not needed any more; its last words are read."""
        qemu.end()
        self._all.remove(qemu)

    # -- life --------------------------------------------------------------------

    def boot(self, cpu: str, ivshmem: Path | None = None) -> "Vm":
        self.adopt(self.launch(cpu, ivshmem=ivshmem))
        self.agent.wait_hello(BOOT_TIMEOUT_S)
        return self

    def plain_move(self, cpu: str, ivshmem: Path | None = None,
                   during: Callable[[], None] = lambda: None
                   ) -> dict[str, Any]:
        """Live-migrate by QMP alone: nobody in the guest is told. Returns
        query-migrate's answer, `downtime` in ms among it."""
        source = self._body()
        target = self.launch(cpu, "defer", ivshmem)
        uri = f"unix:{self.run_dir}/{target.name}.migrate"
        target.qmp.execute("migrate-incoming", uri=uri)
        source.qmp.execute("migrate", uri=uri)
        during()
        info = source.qmp.wait_migration()
        target.qmp.wait_status("running")
        self.take_over(target)
        return info

    def take_over(self, target: Qemu) -> None:
        """After a migration: live on in the target, end the source."""
        source = self._body()
        source.check(self.allow)
        self.adopt(target)
        self.drop(source)

    def save(self, path: Path) -> None:
        """Stop the guest and write it to a file. Its body is gone then."""
        source = self._body()
        source.qmp.execute("stop")
        source.qmp.execute("migrate",
                           uri=f"exec:cat > {shlex.quote(str(path))}")
        source.qmp.wait_migration()
        source.check(self.allow)
        self.drop(source)
        self.qemu = None

    def restore(self, path: Path, cpu: str,
                ivshmem: Path | None = None) -> None:
        """Go on from what save() has written."""
        if not path.is_file():
            raise LabError(f"missing snapshot {path}")
        target = self.launch(cpu, f"exec:cat {shlex.quote(str(path))}",
                             ivshmem)
        # It was stopped when it was saved, and comes back so.
        target.qmp.wait_status("paused", timeout_s=120)
        self.adopt(target)
        target.qmp.execute("cont")

    def check(self) -> None:
        """Raise when a QEMU has died or a kernel complains."""
        for qemu in self._all:
            qemu.check(self.allow)

    def _body(self) -> Qemu:
        if not self.qemu:
            raise LabError(f"{self.name}: not running")
        return self.qemu

    def console_text(self) -> str:
        """All that the kernel has said, on every host, in order."""
        logs = sorted(self.logs.glob(f"{self.name}-*.console.log"),
                      key=lambda p: int(p.name.split(".")[0].split("-")[-1]))
        return "".join(p.read_text(errors="replace") for p in logs)

    def end(self) -> None:
        """End all bodies."""
        for qemu in self._all:
            qemu.end()
        self._all.clear()
        self.agent.close()
        shutil.rmtree(self.run_dir, ignore_errors=True)

    def __enter__(self) -> "Vm":
        return self

    def __exit__(self, *exc: object) -> None:
        self.end()
