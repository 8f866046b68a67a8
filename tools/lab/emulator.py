# SPDX-License-Identifier: MIT
"""Which QEMU: 10.0, downloaded and unpacked where the system has another one.

Debian 12's 7.2 breaks guests, and 10.0 does not: it may translate code while
another vCPU patches it, and run what was there before from then on (an INT3, for
ever; before 8.1), and it loses writes in a live migration (before 9.0). And 10.0
raises #UD where hardware does and 7.2 does not (SYSCALL in 32-bit code on an
Intel CPU). A guest stays with one release for life: a live migration between two
is QEMU's own matter and not ours.
"""

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import archive
from .errors import LabError
from .paths import guest_root

PROGRAM = "qemu-system-x86_64"
# Releases that are downloaded, and the suite that has them.
SUITES = {"10.0": "bookworm-backports"}
DEFAULT = "10.0"
PACKAGES = ("qemu-system-x86", "qemu-system-common", "qemu-system-data", "seabios")
LIBRARIES = "usr/lib/x86_64-linux-gnu"


@dataclass(frozen=True)
class Emulator:
    """A QEMU: its program, and the folder it was unpacked into, if it was."""
    program: str = PROGRAM
    root: Path | None = None

    def argv(self) -> list[str]:
        """The command, with the folders of its firmware."""
        if not self.root:
            return [self.program]
        return [self.program, "-L", str(self.root / "usr/share/qemu"),
                "-L", str(self.root / "usr/share/seabios")]

    def env(self) -> dict[str, str]:
        """So that it loads neither libraries nor modules of the other one."""
        if not self.root:
            return {}
        libraries = self.root / LIBRARIES
        return {"LD_LIBRARY_PATH": str(libraries),
                "QEMU_MODULE_DIR": str(libraries / "qemu")}

    def version(self) -> str:
        """As it says, "10.0.2" of "QEMU emulator version 10.0.2 (...)"; empty
        where it does not start."""
        try:
            said = subprocess.run([*self.argv(), "--version"], check=False,
                                  env={**os.environ, **self.env()}, text=True,
                                  capture_output=True).stdout
        except FileNotFoundError:
            return ""
        found = re.search(r"version (\d+\.\d+\.\d+)", said)
        return found[1] if found else ""

    def is_of(self, release: str) -> bool:
        return self.version().startswith(f"{release}.")


SYSTEM = Emulator()


def _unpacked(folder: Path) -> Emulator:
    return Emulator(str(folder / "usr/bin" / PROGRAM), folder)


def _make(release: str, folder: Path) -> None:
    """These packages, and if that is not enough what they depend on."""
    for closure in ("", "missing"):
        with tempfile.TemporaryDirectory(dir=folder, prefix=".debs.") as debs:
            got = archive.download(PACKAGES, SUITES[release], Path(debs), closure)
            archive.unpack(got, folder)
        if _unpacked(folder).version():
            return


def fetch(release: str) -> Emulator:
    """A QEMU of this release: the system's if it is one, else downloaded unless
    it is there."""
    if release not in SUITES:
        raise LabError(f"no QEMU {release}: one of {', '.join(SUITES)}")
    if SYSTEM.is_of(release):
        return SYSTEM
    folder = guest_root() / f"qemu-{release}"
    if _unpacked(folder).is_of(release):
        return _unpacked(folder)
    print(f"lab: fetching QEMU {release}", flush=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        _make(release, work)
        if not _unpacked(work).is_of(release):
            raise LabError(f"QEMU {release}: what {SUITES[release]} has is "
                           f"{_unpacked(work).version() or 'not to be started'}")
        work.chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)
        work.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return _unpacked(folder)


def default() -> Emulator:
    """Of $ISAHP_QEMU, a release or "system"; else DEFAULT."""
    release = os.environ.get("ISAHP_QEMU") or DEFAULT
    return SYSTEM if release == "system" else fetch(release)
