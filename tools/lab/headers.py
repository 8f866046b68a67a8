# SPDX-License-Identifier: MIT
"""Headers of the guest's kernel, and the module built with them.

Those of the system's own kernel are installed; those of another are unpacked
into build/guest/headers/RELEASE. Where their compiler or programs do not run
here, they run in a small root of that suite's packages (toolroot).
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from . import archive, kernel, toolroot
from .errors import LabError
from .kernel import Kernel
from .paths import SOURCE, build_dir, guest_root

KBUILD = SOURCE / "tools" / "kbuild"
PART = re.compile(r"linux-(headers|kbuild|base)-[0-9]")
# The kernel's build remarks on tools of another version than its own.
REMARK = re.compile(r"warning: (the compiler|pahole version) differs")


def _unpacked(release: str) -> Path:
    return guest_root() / "headers" / release


def _tree(folder: Path, release: str) -> Path:
    return folder / "usr" / "src" / f"linux-headers-{release}"


def _installed(release: str) -> Path | None:
    for tree in (Path("/usr/src") / f"linux-headers-{release}",
                 Path("/lib/modules") / release / "build"):
        if (tree / "Makefile").is_file():
            return tree
    return None


def _relocate(folder: Path, release: str, final: Path) -> None:
    """The Makefile includes another by its installed path."""
    makefile = _tree(folder, release) / "Makefile"
    text = makefile.read_text()
    if "/usr/src/" not in text:
        raise LabError(f"{makefile}: no path in it: not Debian's headers?")
    makefile.write_text(text.replace("/usr/src/", f"{final}/usr/src/"))


def fetch(of: Kernel) -> Path:
    """The build tree of a kernel: installed, built here, or unpacked."""
    if of.release.endswith(kernel.DEBUG_SUFFIX):
        return of.folder / "build"
    installed = _installed(of.release)
    if installed:
        return installed
    folder = _unpacked(of.release)
    if not (_tree(folder, of.release) / "Makefile").is_file():
        headers = f"linux-headers-{of.release}"
        names = [headers, *(n for n in archive.depends(headers, of.suite)
                            if PART.match(n))]
        print(f"lab: fetching headers {of.release}", flush=True)
        with kernel.made_whole(folder) as work:
            debs = archive.download(names, of.suite, work)
            archive.unpack(debs, work)
            for deb in debs:
                deb.unlink()
            _relocate(work, of.release, folder)
    return _tree(folder, of.release)


def _runs_here(tree: Path) -> bool:
    """Whether compiler and programs of a build tree run on this system."""
    variables = tree / ".kernelvariables"
    text = variables.read_text() if variables.is_file() else ""
    compiler = re.search(r"\b(gcc-\d+)\b", text)
    if compiler and not shutil.which(compiler[1]):
        return False
    modpost = subprocess.run([str(tree / "scripts" / "mod" / "modpost"), "-?"],
                             capture_output=True, text=True, check=False)
    return "GLIBC" not in modpost.stderr


def complaints(output: str) -> list[str]:
    """Lines of a build that name a fault."""
    return [line for line in output.splitlines()
            if re.search(r"warning:|error:|WARNING:|ERROR:|\*\*\*", line)
            and not REMARK.search(line)]


def build_module(of: Kernel, *arguments: str) -> Path:
    """isahp.ko for a kernel, where images look for it."""
    tree = fetch(of)
    farm = build_dir() / "guest-kmod" / of.release
    farm.mkdir(parents=True, exist_ok=True)
    argv = [str(KBUILD), str(tree), str(farm), "W=1", *arguments]
    if not _runs_here(tree):
        argv = toolroot.command(of, argv)
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, check=False)
    log = farm / "build.log"
    log.write_text(done.stdout)
    wrong = complaints(done.stdout)
    if done.returncode or wrong:
        last = done.stdout.strip().splitlines()[-1:]
        raise LabError("\n".join([f"isahp.ko for {of.release} ({log}):",
                                  *(wrong[:20] or last)]))
    folder = build_dir() / "lib" / "modules" / of.release
    folder.mkdir(parents=True, exist_ok=True)
    for built in (farm / "isahp.ko", *(farm / "samples").glob("*.ko")):
        _put(built, folder / built.name)
    return folder / "isahp.ko"


def _put(built: Path, target: Path) -> None:
    """Copy, at one stroke, if it is another."""
    if not target.is_file() or target.read_bytes() != built.read_bytes():
        work = target.with_suffix(f".{os.getpid()}")
        shutil.copyfile(built, work)
        work.rename(target)
