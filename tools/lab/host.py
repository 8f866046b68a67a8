# SPDX-License-Identifier: MIT
"""A host of the pool: a CPU model, and maybe an isahpd beside it."""

from pathlib import Path

from .shim import CtlError, Shim


class Host:
    """Where guests run. Without a shim its guests have no isahp channel."""

    def __init__(self, name: str, cpu: str, shim: Shim | None = None):
        self.name = name
        self.cpu = cpu
        self.shim = shim
        # Of `vm add`, for the guests that are plugged in from now on.
        self.options: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name} ({self.cpu})"

    def plug(self, vm: str, qmp: Path) -> Path | None:
        """Make a VM known to the shim, before its QEMU starts. Returns the
        socket for QEMU's ivshmem device."""
        if not self.shim:
            return None
        added = self.shim.ctl("vm", "add", vm, "--qmp", str(qmp),
                              *self.options)
        return Path(added["socket"])

    def unplug(self, vm: str) -> None:
        """Its QEMU is gone. Of no matter when the shim does not know it."""
        if not self.shim or self.shim.process.poll() is not None:
            return
        try:
            self.shim.ctl("vm", "remove", vm)
        except CtlError as error:
            if error.exit != 6:
                raise

    def end(self) -> None:
        if self.shim:
            self.shim.end()
