# SPDX-License-Identifier: MIT
"""KVM without hardware: a guest under TCG whose CPU has SVM (L1) is the host of
guests under its own KVM (L2).

TCG would pass a broken product: it delivers interrupts that KVM loses in a
migration, and traps instructions by CPUID, which hardware does not.
"""

import json
import os
import re
import time
from pathlib import Path
from typing import Any

from . import image
from .agent import Job
from .emulator import PROGRAM
from .errors import LabError
from .kernel import KVM_MODULES, Kernel, fetch
from .paths import SOURCE, build_dir
from .qemu import Machine
from .shim import CtlError
from .vm import Vm

CPU = "EPYC,+svm"
CPU_L2 = "EPYC,-svm"
MEMORY_MIB = 3000
MEMORY_L2_MIB = 320
# Firmware that a PC without devices asks for.
FIRMWARE = ("/usr/share/seabios/bios-256k.bin", "/usr/share/qemu/kvmvapic.bin",
            "/usr/share/qemu/linuxboot_dma.bin", "/usr/share/qemu/pvh.bin")
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
    """An isahpd within L1, and the L2 that lives under it."""

    def __init__(self, vm: Vm, name: str):
        self.agent = vm.agent
        self.folder = f"/run/{name}"
        self.qmp = f"/tmp/{name}.qmp"
        self.console = f"/tmp/{name}.console"
        self.control = f"{self.folder}/control.sock"
        self.agent.sh(f"mkdir -p {self.folder}")
        self.shim = self.agent.start(
            ["sh", "-c", f"exec isahpd --runtime-dir {self.folder} 2>/tmp/{name}.log"])
        self.agent.sh(f"until [ -S {self.control} ]; do sleep 0.1; done")
        self.ctl("vm", "add", "l2", "--qmp", self.qmp)

    def ctl(self, *args: str) -> Any:
        """isahpctl in L1: its JSON. CtlError when it fails."""
        done = self.agent.run(["isahpctl", "--socket", self.control, "--json", *args],
                              timeout_s=180, check=False)
        answer = json.loads(done.out) if done.out.strip() else {}
        if done.code:
            raise CtlError(done.err.strip(), done.code, answer.get("data"))
        return answer

    def start(self, module_args: str = "", incoming: str = "") -> Job:
        """L2's QEMU, under KVM."""
        options = f"-incoming {incoming}" if incoming else ""
        return self.agent.start(["sh", "-c", (
            f"exec {PROGRAM} -L /usr/share/qemu -L /usr/share/seabios -accel kvm -M pc "
            f"-nodefaults -display none -no-reboot -cpu {CPU_L2} -m {MEMORY_L2_MIB} "
            f"-kernel /l2/vmlinux -initrd /l2/image -serial file:{self.console} "
            f"-append 'console=ttyS0 rdinit=/l2init quiet isahp_args={module_args}' "
            f"-qmp unix:{self.qmp},server=on,wait=off "
            f"-chardev socket,id=iv,path={self.folder}/vm-l2.sock "
            f"-device ivshmem-doorbell,chardev=iv,vectors=2,master=on {options}")])

    def interrupts(self, timeout_s: float = 120) -> tuple[int, int]:
        """How often L2's two vectors have been interrupted, by a line that L2
        prints after now."""
        seen = len(self._counts())
        deadline = time.monotonic() + timeout_s
        # Two lines: the first may have been on its way already.
        while len(counts := self._counts()) < seen + 2:
            if time.monotonic() > deadline:
                raise LabError(f"L2 prints nothing to {self.console}: "
                               f"{self.agent.sh(f'tail -n 5 {self.console}')}")
            time.sleep(0.2)
        return counts[-1]

    def _counts(self) -> list[tuple[int, int]]:
        """By line; the last one may be half there yet, and does not count."""
        text = self.agent.sh(f"grep -s ^L2: {self.console} || true")
        return [(int(record), int(reply)) for record, reply in
                re.findall(r"^L2: (\d+) (\d+) end", text, re.M)]


def load_kvm(vm: Vm) -> None:
    """Make L1 a KVM host."""
    for name in KVM_MODULES:
        vm.agent.run(["insmod", f"/lib/modules/{name}.ko"])
    vm.agent.run(["test", "-c", "/dev/kvm"])
