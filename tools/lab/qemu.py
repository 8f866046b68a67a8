# SPDX-License-Identifier: MIT
"""One QEMU process: the body of a guest on one host."""

import os
import re
import shlex
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Sequence

from .emulator import Emulator, default
from .errors import GuestSplat
from .proc import Process, tail
from .qmp import Qmp

# Without it glibc in the guest binds memcpy, strlen ... to what the boot host
# has, and PID 1 dies when AVX2 goes. What is tested is not glibc.
GLIBC_TUNABLES = ("glibc.cpu.hwcaps=-AVX2,-BMI2,-AVX,-ERMS,"
                  "-AVX_Fast_Unaligned_Load,-SSE4_2,-SSSE3")
# On a loaded machine a kernel may take the clock's measure wrongly, several times
# too fast, and would soon call a CPU stuck.
CMDLINE_AS_IT_IS = "console=ttyS0 panic=-1 quiet watchdog_thresh=60"
CMDLINE = f"{CMDLINE_AS_IT_IS} GLIBC_TUNABLES={GLIBC_TUNABLES}"

# What the kernel of a healthy guest never says.
SPLAT = re.compile(
    r"BUG:|WARNING:|Oops|[Kk]ernel panic|invalid opcode|segfault at|"
    r"general protection|Call Trace|unable to handle|soft lockup|"
    r"detected stalls|self-detected stall|double fault")


def accel() -> str:
    """$ISAHP_ACCEL, or tcg: a /dev/kvm that is there may still not work."""
    return os.environ.get("ISAHP_ACCEL", "tcg")


@dataclass(frozen=True)
class Machine:
    """What a guest keeps on every host."""
    kernel: Path
    image: Path
    memory_mib: int = 512
    smp: int = 2
    cmdline: str = ""
    # Whether programs take of their C library what the boot host is best at.
    glibc_as_it_is: bool = False
    args: tuple[str, ...] = ()
    emulator: Emulator = field(default_factory=default)
    vmgenid: bool = True


class Qemu:
    """A QEMU process, its console's log, its QMP, and the socket that leads
    to the guest's agent."""

    def __init__(self, machine: Machine, cpu: str, name: str, logs: Path,
                 shim_qmp: Path, incoming: str | None = None,
                 ivshmem: Path | None = None):
        self.cpu = cpu
        self.name = name
        self.machine = machine
        self.console = logs / f"{name}.console.log"
        self.log = logs / f"{name}.qemu.log"
        self.shim_qmp = shim_qmp
        self._checked = 0
        self.agent, agent = socket.socketpair()
        lab, qmp = socket.socketpair()
        fds = (agent.fileno(), qmp.fileno())
        argv = self._argv(*fds, incoming, ivshmem)
        with open(self.log, "a", encoding="utf-8") as log:
            print("+", shlex.join(argv), file=log)
        self.process = Process(argv, self.log, pass_fds=fds,
                               env=machine.emulator.env())
        agent.close()
        qmp.close()
        try:
            self.qmp = Qmp(lab)
        except Exception:
            self.process.check()
            raise

    def _argv(self, agent: int, qmp: int, incoming: str | None,
              ivshmem: Path | None) -> list[str]:
        m = self.machine
        common = CMDLINE_AS_IT_IS if m.glibc_as_it_is else CMDLINE
        argv = [
            *m.emulator.argv(), "-accel", accel(), "-M", "pc", "-nodefaults",
            "-no-user-config", "-display", "none", "-no-reboot",
            "-name", self.name, "-cpu", self.cpu,
            "-m", str(m.memory_mib), "-smp", str(m.smp),
            "-kernel", str(m.kernel), "-initrd", str(m.image),
            "-append", f"{common} {m.cmdline}".strip(),
            "-chardev", f"file,id=console,path={self.console},append=on",
            "-serial", "chardev:console",
            "-chardev", f"socket,id=agent,fd={agent}",
            "-serial", "chardev:agent",
            "-chardev", f"socket,id=lab,fd={qmp}",
            "-mon", "chardev=lab,mode=control",
            "-qmp", f"unix:{self.shim_qmp},server=on,wait=off",
        ]
        if m.vmgenid:
            # Another one for each QEMU, as an operator's clone would get.
            argv += ["-device", "vmgenid,guid=auto"]
        if ivshmem:
            # One that is not reconnecting, and is the master: QEMU hangs, and
            # refuses to migrate, otherwise.
            argv += ["-chardev", f"socket,id=iv,path={ivshmem}", "-device",
                     "ivshmem-doorbell,chardev=iv,vectors=2,master=on"]
        if incoming:
            argv += ["-incoming", incoming]
        return argv + list(m.args)

    def check(self, allow: Sequence[str] = ()) -> None:
        """Raise when the process has ended or the guest's kernel complains of
        anything but what matches one of `allow`."""
        with open(self.console, "rb") as console:
            console.seek(self._checked)
            text = console.read()
        whole = text[:text.rfind(b"\n") + 1]
        for line in whole.decode(errors="replace").splitlines():
            if SPLAT.search(line) and not any(re.search(a, line)
                                              for a in allow):
                raise GuestSplat(f"guest kernel on {self.name} ({self.cpu}): "
                                 f"{line.strip()}")
        self._checked += len(whole)
        if self.process.poll() is not None:
            raise GuestSplat(f"QEMU {self.name} has ended "
                             f"({self.process.poll()}): "
                             f"{tail(self.log, 2)}; console: "
                             f"{tail(self.console, 3)}")

    def end(self) -> None:
        """Kill it: a guest has nothing to save."""
        self.qmp.close()
        self.process.kill()
