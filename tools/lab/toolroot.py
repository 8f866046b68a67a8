# SPDX-License-Identifier: MIT
"""A root with the compiler and the C library of another suite.

Kernel headers of a later suite bring programs that want its C library, and name
its compiler. Their packages are unpacked, not installed, into
build/guest/root/SUITE; a command runs there in a mount namespace of its own,
with the source tree at the same path, so that no mount outlives it. root can,
and everybody whom the system lets make user namespaces.
"""

import os
import subprocess
from pathlib import Path
from typing import Sequence

from . import archive, kernel
from .errors import LabError
from .kernel import Kernel
from .paths import SOURCE, build_root, guest_root

# base-files brings /bin -> usr/bin and its like, which the others need.
PACKAGES = ("base-files", "gcc-14", "gcc-14-for-host", "make", "dash",
            "coreutils", "findutils", "sed", "grep", "mawk", "perl-base",
            "libelf1t64", "libssl3t64", "zlib1g")
# Of what maintainers' scripts would have done.
LINKS = {"usr/bin/awk": "mawk", "usr/bin/sh": "dash"}

ENTER = """\
set -eu
root=$1
shift
mount --rbind /dev "$root/dev"
mount --rbind /proc "$root/proc"
# The same folder twice does no harm.
for folder in "$SOURCE_FOLDER" "$BUILD_FOLDER"; do
	mount --rbind "$folder" "$root$folder"
done
exec chroot "$root" /usr/bin/env PATH=/usr/sbin:/usr/bin HOME=/ "$@"
"""


def _root(suite: str) -> Path:
    return guest_root() / "root" / suite


def _make(suite: str) -> Path:
    root = _root(suite)
    if (root / "usr/bin/gcc-14").exists():
        return root
    print(f"lab: fetching a compiler of {suite}", flush=True)
    with kernel.made_whole(root) as work:
        debs = archive.download(PACKAGES, suite, work / "debs", "whole")
        # First what makes the links that others' files go through.
        debs.sort(key=lambda deb: not deb.name.startswith("base-files_"))
        archive.unpack(debs, work)
        for deb in debs:
            deb.unlink()
        for path, target in LINKS.items():
            if not (work / path).exists():
                (work / path).symlink_to(target)
    return root


def _namespace() -> list[str]:
    """What gives a command mounts of its own."""
    argv = ["unshare", "--mount"]
    if os.geteuid():
        argv.append("--map-root-user")
    done = subprocess.run([*argv, "true"], capture_output=True, text=True,
                          check=False)
    if done.returncode:
        raise LabError("needs root, or a system that lets users make user "
                       f"namespaces: {done.stderr.strip()}")
    return argv


def command(of: Kernel, argv: Sequence[str]) -> list[str]:
    """What runs a command in the root that fits a kernel."""
    namespace = _namespace()
    root = _make(of.suite)
    folders = (SOURCE, build_root())
    for folder in ("/dev", "/proc", "/tmp", *folders):
        (root / str(folder).lstrip("/")).mkdir(parents=True, exist_ok=True)
    return ["env", f"SOURCE_FOLDER={folders[0]}", f"BUILD_FOLDER={folders[1]}",
            *namespace, "sh", "-c", ENTER, "sh", str(root), *argv]
