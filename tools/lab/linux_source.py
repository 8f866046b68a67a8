# SPDX-License-Identifier: MIT
"""Linux's source, by Debian's package; and checkpatch.pl, which no other package
has."""

import shutil
import subprocess
import sys
from pathlib import Path

from . import archive, kernel
from .errors import LabError
from .paths import guest_root

# The version that the module is mainly for.
PACKAGE = "linux-source-6.1"
# The PVH entry runs before KASAN has its shadow of memory: what it executes must
# not be instrumented, and in 6.1 is.
ADDED = {
    "arch/x86/platform/pvh/Makefile": "KASAN_SANITIZE := n\n",
    "lib/Makefile": "KASAN_SANITIZE_string.o := n\n",
}
CHECKPATCH = ("checkpatch.pl", "spelling.txt", "const_structs.checkpatch")


def _unpack(folder: Path, *names: str) -> None:
    """The source, or the files of it that are named, into a folder."""
    print(f"lab: fetching {PACKAGE}", file=sys.stderr, flush=True)
    package = folder / "package"
    archive.unpack(archive.download([PACKAGE], archive.OWN, package), package)
    tarball = package / "usr/src" / f"{PACKAGE}.tar.xz"
    # The folder within it is called as the package is.
    done = subprocess.run(["tar", "-C", str(folder), "--strip-components=1",
                           "-xf", str(tarball),
                           *(f"{PACKAGE}/{name}" for name in names)],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"{tarball.name}: {done.stderr.strip()[-200:]}")
    shutil.rmtree(package)


def fetch(folder: Path) -> Path:
    """The whole source, unpacked there."""
    if not (folder / "Makefile").is_file():
        with kernel.made_whole(folder) as work:
            _unpack(work)
            for name, text in ADDED.items():
                with open(work / name, "a", encoding="utf-8") as makefile:
                    makefile.write(f"\n{text}")
    return folder


def checkpatch() -> Path:
    """checkpatch.pl, beside the lists that it reads."""
    folder = guest_root() / "checkpatch"
    program = folder / "scripts" / CHECKPATCH[0]
    if not program.is_file():
        with kernel.made_whole(folder) as work:
            _unpack(work, *(f"scripts/{name}" for name in CHECKPATCH))
    return program


if __name__ == "__main__":
    try:
        print(checkpatch())
    except LabError as error:
        sys.exit(f"lab: {error}")
