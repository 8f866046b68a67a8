# SPDX-License-Identifier: MIT
"""KVM without hardware: a guest under TCG whose CPU has SVM (L1) is the host of
guests under its own KVM (L2).

TCG would pass a broken product: it delivers interrupts that KVM loses in a
migration, and traps instructions by CPUID, which hardware does not.
"""

import contextlib
import json
import os
import re
import signal
import time
from pathlib import Path
from typing import Any, Callable, Iterator

from . import image
from .agent import Job
from .emulator import PROGRAM
from .errors import GuestSplat, LabError, Silence
from .kernel import KVM_MODULES, Kernel, fetch
from .paths import SOURCE, build_dir
from .qemu import SPLAT, Machine
from .shim import CtlError
from .vm import Vm

CPU = "EPYC,+svm"
CPU_L2 = "EPYC,-svm"
MEMORY_MIB = 3000
MEMORY_L2_MIB = 320
# Firmware that a PC without devices asks for.
FIRMWARE = ("/usr/share/seabios/bios-256k.bin", "/usr/share/qemu/kvmvapic.bin",
            "/usr/share/qemu/linuxboot_dma.bin", "/usr/share/qemu/pvh.bin")
AWAKE_S = 2
# See _keep_awake(): one in some fifteen is lost all the same.
TRIES = 2
# What TCG does not tell L1's KVM; see its source.
XCR0 = "lib/xcr0.so"
L2_INIT = SOURCE / "tests/e2e/guest/l2init"


def machine() -> Machine:
    """L1: a test guest with KVM, QEMU, isahpd, and the kernel and image of L2."""
    kernel = fetch(os.environ.get("ISAHP_GUEST_KERNEL") or None)
    prefix = f"{build_dir().name}-{kernel.release}"
    inner = image.populate(kernel)
    inner.add("l2init", L2_INIT)
    tree = image.populate(kernel)
    for name in ("isahpd", "isahpctl"):
        image.add_program(tree, build_dir() / "bin" / name)
    image.add_program(tree, _qemu())
    tree.add(XCR0, build_dir() / "guest" / XCR0)
    for path in FIRMWARE:
        tree.add(path.lstrip("/"), Path(path), 0o644)
    tree.add("l2/vmlinux", kernel.vmlinux, 0o644)
    tree.add("l2/image", image.write(inner, f"{prefix}-l2.cpio"), 0o644)
    _require_kvm(kernel)
    return Machine(kernel.vmlinux, image.write(tree, f"{prefix}-l1.cpio"),
                   memory_mib=MEMORY_MIB, cmdline="noisahp=1")


def _qemu() -> Path:
    path = Path("/usr/bin") / PROGRAM
    if not path.is_file():
        raise LabError(f"missing program {path}: ./dev setup")
    return path


def _require_kvm(kernel: Kernel) -> None:
    there = {path.stem for path in kernel.modules}
    if not set(KVM_MODULES) <= there:
        raise LabError(f"kernel {kernel.release} has no kvm-amd module")


class Host:
    """An isahpd within L1, and the L2 that lives under it: its CPU, and the
    options of `isahpctl vm add` for it."""

    def __init__(self, vm: Vm, name: str, cpu: str = CPU_L2, *options: str):
        self.agent = vm.agent
        self.cpu = cpu
        self.allow: list[str] = []
        self.qemu: Job | None = None
        self.name = name
        self.folder = f"/run/{name}"
        self.qmp = f"/tmp/{name}.qmp"
        self.console = f"/tmp/{name}.console"
        self.control = f"{self.folder}/control.sock"
        self.agent.sh(f"mkdir -p {self.folder}")
        self.shim = self.agent.start(
            ["sh", "-c", f"exec isahpd --runtime-dir {self.folder} 2>/tmp/{name}.log"])
        self.agent.sh(f"until [ -S {self.control} ]; do sleep 0.1; done")
        self.ctl("vm", "add", "l2", "--qmp", self.qmp, *options)

    def ctl(self, *args: str) -> Any:
        """isahpctl in L1: its JSON. CtlError when it fails."""
        done = self.agent.run(["isahpctl", "--socket", self.control, "--json", *args],
                              timeout_s=180, check=False)
        answer = json.loads(done.out) if done.out.strip() else {}
        if done.code:
            raise CtlError(done.err.strip(), done.code, answer)
        return answer

    def start(self, run: str, module_args: str = "", incoming: str = "") -> Job:
        """L2's QEMU, under KVM; what L2 runs, of l2init's choice."""
        options = f"-incoming {incoming}" if incoming else ""
        self.qemu = self.agent.start(["sh", "-c", (
            f"LD_PRELOAD=/{XCR0} exec {PROGRAM} -L /usr/share/qemu "
            f"-L /usr/share/seabios -accel kvm -M pc -nodefaults "
            f"-display none -no-reboot -cpu {self.cpu} -m {MEMORY_L2_MIB} "
            f"-kernel /l2/vmlinux -initrd /l2/image -serial file:{self.console} "
            f"-append 'console=ttyS0 rdinit=/l2init quiet l2_run={run} "
            f"isahp_args={module_args}' "
            f"-qmp unix:{self.qmp},server=on,wait=off "
            f"-chardev socket,id=iv,path={self.folder}/vm-l2.sock "
            f"-device ivshmem-doorbell,chardev=iv,vectors=2,master=on {options}")])
        return self.qemu

    def quit(self) -> None:
        """End L2: its memory may be needed."""
        self.qemu.signal(signal.SIGKILL)
        self.qemu.wait()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """L1 may be migrated meanwhile: QEMU 7.2 does not accept a vCPU that is
        inside of L2."""
        self.qemu.signal(signal.SIGSTOP)
        # Each thread by itself; the one that runs L2 leaves it first.
        self.agent.sh(f"while grep -h ^State: /proc/{self.qemu.pid}/task/*/status | "
                      "grep -qv stopped; do sleep 0.05; done")
        try:
            yield
        finally:
            self.qemu.signal(signal.SIGCONT)

    def lines(self, who: str) -> list[str]:
        """What a program of L2 has said here, whole lines, its name and the
        last word taken off."""
        text = self.agent.sh(f"grep -as '{who}: ' {self.console} || true")
        return re.findall(rf"\b{who}: (.*) end\r?$", text, re.M)

    def wait_line(self, who: str, match: Callable[[str], bool] = lambda _: True,
                  timeout_s: float = 120) -> str:
        """The first line that L2's program begins to say after now and `match`
        accepts."""
        # The next one may have been on its way already.
        return self._wait(who, match, len(self.lines(who)) + 1, timeout_s)

    def wait_said(self, who: str, beginning: str, timeout_s: float = 120) -> str:
        """The first line that begins so, of all that was said and will be."""
        return self._wait(who, lambda line: line.startswith(beginning), 0, timeout_s)

    def _wait(self, who: str, match: Callable[[str], bool], first: int,
              timeout_s: float) -> str:
        deadline = time.monotonic() + timeout_s
        while True:
            for line in self.lines(who)[first:]:
                if match(line):
                    return line
            self.check()
            if time.monotonic() > deadline:
                raise Silence(f"L2's {who} does not say it to {self.console}: "
                              f"{self.agent.sh(f'tail -n 5 {self.console}')}")
            time.sleep(0.2)

    def check(self) -> None:
        """Raise when L2's kernel complains here of anything that is not allowed."""
        for line in self.agent.sh(f"cat {self.console} || true").splitlines():
            if SPLAT.search(line) and not any(re.search(a, line) for a in self.allow):
                raise GuestSplat(f"L2's kernel at {self.console}: {line.strip()}")

    def interrupts(self) -> tuple[int, int]:
        """How often L2's two vectors have been interrupted, by a line that L2
        prints after now."""
        record, reply = self.wait_line("L2").split()
        return int(record), int(reply)


def load_kvm(vm: Vm) -> None:
    """Make L1 a KVM host."""
    for name in KVM_MODULES:
        vm.agent.run(["insmod", f"/lib/modules/{name}.ko"])
    vm.agent.run(["test", "-c", "/dev/kvm"])
    _keep_awake(vm)


def _keep_awake(vm: Vm) -> None:
    """While somebody waits, give each CPU of L1 something to do now and then.
    Each VMRUN and #VMEXIT changes what is pending for the vCPU, and takes no
    lock (QEMU, target/i386/tcg/sysemu/svm_helper.c, interrupt_request): what
    another thread has raised in that moment is lost. The local APIC still has
    it, and delivers it with the next one: a timer's is never followed by any.
    A CPU that is taken for stuck has waited for such a one."""
    poll, due = vm.agent.poll, 0.0

    def and_poke() -> None:
        nonlocal due
        try:
            poll()
        except GuestSplat as splat:
            if "stall" not in str(splat):
                raise
            raise Silence(str(splat)) from splat
        if time.monotonic() >= due:
            due = time.monotonic() + AWAKE_S
            for cpu in range(vm.machine.smp):
                vm.agent.send(["taskset", f"{1 << cpu:x}", "true"])

    vm.agent.poll = and_poke
