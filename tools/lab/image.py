# SPDX-License-Identifier: MIT
"""The guest's initramfs: busybox, the agent, the module, the programs."""

import os
import re
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from .errors import LabError
from .kernel import Kernel
from .paths import SOURCE, build_dir, guest_root

GUEST_SOURCE = SOURCE / "tests" / "e2e" / "guest"
LIBRARY_FOLDER = "lib/x86_64-linux-gnu"

# Where it stands in CMake's folder, if it was built.
PROGRAMS = ("bin/isahp", "bin/mathdemo")


# Path in the guest, without a leading slash, and where it is here.
Files = tuple[tuple[str, Path], ...]


@dataclass
class Tree:
    """What goes into an image: paths without a leading slash."""
    files: dict[str, tuple[Path, int]] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)

    def add(self, path: str, source: Path, mode: int = 0o755) -> None:
        self.files[path] = (source, mode)

    def all_folders(self) -> list[str]:
        found = set(self.folders)
        for path in [*self.files, *self.links, *self.folders]:
            parent = os.path.dirname(path)
            while parent:
                found.add(parent)
                parent = os.path.dirname(parent)
        return sorted(found)


def cpio(tree: Tree) -> bytes:
    """The tree as a newc archive (Documentation/driver-api/early-userspace/
    buffer-format.rst)."""
    out = bytearray()

    def entry(path: str, mode: int, data: bytes = b"") -> None:
        name = path.encode() + b"\0"
        fields = (len(out), mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0,
                  len(name), 0)
        out.extend(b"070701" + b"".join(b"%08X" % n for n in fields) + name)
        out.extend(bytes(-len(out) % 4) + data)
        out.extend(bytes(-len(out) % 4))

    for path in tree.all_folders():
        entry(path, stat.S_IFDIR | 0o755)
    for path, (source, mode) in sorted(tree.files.items()):
        entry(path, stat.S_IFREG | mode, source.read_bytes())
    for path, target in sorted(tree.links.items()):
        entry(path, stat.S_IFLNK | 0o777, target.encode())
    entry("TRAILER!!!", 0)
    return bytes(out)


def libraries(program: Path) -> dict[str, Path]:
    """Shared libraries and loader of a program: path in the guest to file."""
    done = subprocess.run(["ldd", str(program)], capture_output=True,
                          text=True, check=False)
    found: dict[str, Path] = {}
    for line in done.stdout.splitlines():
        if "not found" in line:
            raise LabError(f"{program}: {line.strip()}: build it first")
        match = re.search(r"(\S+ => )?(/\S+) \(0x", line)
        if not match:
            continue
        path = Path(match[2])
        inside = match[2].startswith(("/lib", "/usr/lib"))
        guest = (match[2] if inside else f"/{LIBRARY_FOLDER}/{path.name}")
        found[guest.removeprefix("/usr").lstrip("/")] = path.resolve()
    return found


def add_program(tree: Tree, source: Path) -> None:
    tree.links.pop(f"bin/{source.name}", None)
    tree.add(f"bin/{source.name}", source)
    for path, library in libraries(source).items():
        tree.add(path, library)


def _add_busybox(tree: Tree) -> None:
    busybox = shutil.which("busybox")
    if not busybox:
        raise LabError("missing program busybox: install busybox-static "
                       "(./dev setup)")
    if libraries(Path(busybox)):
        raise LabError(f"{busybox} is not static: install busybox-static")
    tree.add("bin/busybox", Path(busybox))
    applets = subprocess.run([busybox, "--list"], capture_output=True,
                             text=True, check=True).stdout.split()
    for applet in applets:
        if applet != "busybox":
            tree.links[f"bin/{applet}"] = "busybox"


def _agent() -> Path:
    agent = build_dir() / "guest" / "agent"
    if not agent.is_file():
        raise LabError(f"missing {agent}: build first (./dev build)")
    return agent


def module(kernel: Kernel) -> Path | None:
    """The guest's kernel module for this kernel, if it was built."""
    path = build_dir() / "lib" / "modules" / kernel.release / "isahp.ko"
    return path if path.is_file() else None


def add_file(tree: Tree, path: str, source: Path) -> None:
    """A file of this system's; of a shared library, those that it needs too."""
    tree.add(path, source.resolve())
    if ".so" in source.name:
        for needed, library in libraries(source).items():
            tree.add(needed, library)


def populate(kernel: Kernel, extra: tuple[Path, ...] = (),
             files: Files = ()) -> Tree:
    """All that is built, in a tree. What is not built is left out."""
    tree = Tree(folders={"proc", "sys", "dev", "run", "tmp", "root"})
    _add_busybox(tree)
    _agent()
    tree.add("init", GUEST_SOURCE / "init")
    guest = build_dir() / "guest"
    built = [p for p in sorted(guest.iterdir()) if os.access(p, os.X_OK)
             and p.is_file()]
    named = [build_dir() / p for p in PROGRAMS]
    for program in [*named, *built, *extra]:
        if program.is_file():
            add_program(tree, program)
        elif program in extra:
            raise LabError(f"missing program {program}")
    for path, source in files:
        add_file(tree, path, source)
    for path in kernel.modules:
        tree.add(f"lib/modules/{path.name}", path, 0o644)
    isahp = module(kernel)
    if isahp:
        for path in sorted(isahp.parent.glob("*.ko")):
            tree.add(f"lib/modules/{path.name}", path, 0o644)
    return tree


def write(tree: Tree, name: str) -> Path:
    """Write an image; untouched when nothing has changed."""
    folder = guest_root() / "image"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / name
    data = cpio(tree)
    if target.is_file() and target.read_bytes() == data:
        return target
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".image.")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
        os.rename(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
    return target


def build(kernel: Kernel, extra: tuple[Path, ...] = (),
          files: Files = ()) -> Path:
    """The image of a test guest; one of its own with more programs, which take
    the place of busybox's, and with more files."""
    more = "".join(f"-{path.name}" for path in extra)
    more += "".join(f"-{os.path.basename(path)}" for path, _ in files)
    return write(populate(kernel, extra, files),
                 f"{build_dir().name}-{kernel.release}{more}.cpio")
