# SPDX-License-Identifier: MIT
"""The debug kernel: Debian's source, little in it, every check on.

Built once, in build/guest/debug; make goes on where it was interrupted, and
does again what a changed configuration asks for.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from . import kernel, linux_source
from .errors import LabError
from .kernel import Kernel
from .paths import SOURCE, guest_root

CONFIG = SOURCE / "tools" / "kernel" / "debug.config"
PROGRAMS = ("flex", "bison", "bc", "gcc", "make")
MODULES = ("arch/x86/kernel/msr.ko", "arch/x86/kernel/cpuid.ko")
NOTE_EVERY_S = 30


def _folder() -> Path:
    return guest_root() / "debug"


def _run(argv: list[str], folder: Path) -> str:
    done = subprocess.run(argv, cwd=folder, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise LabError(f"{' '.join(argv)}: {done.stdout.strip()[-500:]}")
    return done.stdout


def _lines(config: Path) -> set[str]:
    """Options of a configuration, those that are off among them."""
    return set(re.findall(r"^(?:CONFIG_\w+=.*|# CONFIG_\w+ is not set)$",
                          config.read_text(), re.M))


def _configure(source: Path, build: Path) -> None:
    """allnoconfig and CONFIG; raises when kconfig did not take a line of it."""
    work = build / "new"
    work.mkdir(parents=True, exist_ok=True)
    make = ["make", "-s", "-C", str(source), f"O={work}"]
    _run([*make, "allnoconfig"], build)
    with open(work / ".config", "a", encoding="utf-8") as out:
        out.write(CONFIG.read_text())
    _run([*make, "olddefconfig"], build)
    # What is off does not appear when what it depends on is off.
    lost = {line for line in _lines(CONFIG) - _lines(work / ".config")
            if not line.startswith("#")}
    if lost:
        raise LabError(f"{CONFIG.name}: this kernel does not take "
                       f"{', '.join(sorted(lost))}")
    shutil.copyfile(work / ".config", build / ".config")
    shutil.rmtree(work)


def _make(source: Path, build: Path) -> None:
    """Run make, with a word now and then."""
    log = build / "build.log"
    start = noted = time.monotonic()
    files = 0
    print(f"lab: building the debug kernel (some 20 minutes on two CPUs; "
          f"{log})", flush=True)
    argv = ["nice", "-n", "15", "make", "-C", str(source), f"O={build}",
            f"-j{os.cpu_count()}", "vmlinux", "modules"]
    with (open(log, "w", encoding="utf-8") as out,
          subprocess.Popen(argv, stdout=subprocess.PIPE, text=True,
                           stderr=subprocess.STDOUT) as make):
        assert make.stdout
        for line in make.stdout:
            out.write(line)
            files += line.startswith("  CC")
            now = time.monotonic()
            if now - noted > NOTE_EVERY_S:
                noted = now
                print(f"lab: {now - start:5.0f} s, {files} files compiled",
                      flush=True)
    if make.returncode:
        errors = re.findall(r"^.*error:.*$|^.*\*\*\*.*$", log.read_text(), re.M)
        raise LabError(f"debug kernel: {(errors or ['make failed'])[0]} ({log})")


def _stamp(source: Path) -> str:
    config = CONFIG.read_bytes()
    version = (source / "Makefile").read_bytes()[:200]
    return hashlib.sha256(config + version).hexdigest()


def build() -> Kernel:
    """The debug kernel, built unless it is there."""
    missing = [p for p in PROGRAMS if not shutil.which(p)]
    if missing:
        raise LabError("missing programs for the debug kernel: apt-get install "
                       f"{' '.join(missing)} libelf-dev libssl-dev")
    source = linux_source.fetch(_folder() / "source")
    tree = _folder() / "build"
    stamp = _stamp(source)
    done = _folder() / "stamp"
    if done.is_file() and done.read_text() == stamp:
        return kernel.fetch(kernel.DEBUG)
    _configure(source, tree)
    _make(source, tree)
    release = (tree / "include/config/kernel.release").read_text().strip()
    # No other may be taken for it.
    for old in (guest_root() / "kernel").glob(f"*{kernel.DEBUG_SUFFIX}"):
        shutil.rmtree(old)
    with kernel.made_whole(guest_root() / "kernel" / release) as work:
        (work / "modules").mkdir()
        for name in MODULES:
            shutil.copy(tree / name, work / "modules")
        shutil.copy(tree / "vmlinux", work / "vmlinux")
        shutil.copy(tree / ".config", work / "config")
        (work / "build").symlink_to(tree)
        (work / "contents").write_text(" ".join(kernel.MODULES))
    done.write_text(stamp)
    return kernel.fetch(kernel.DEBUG)


if __name__ == "__main__":
    try:
        print(build().folder)
    except LabError as error:
        sys.exit(f"lab: {error}")
