# SPDX-License-Identifier: MIT
"""The guest's kernel: Debian's, downloaded and unpacked, never installed."""

import contextlib
import lzma
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, Iterator

from . import archive
from .errors import LabError
from .paths import guest_root

# Of use to tests, each before what needs it.
KVM_MODULES = ("irqbypass", "ccp", "kvm", "kvm-amd")
RAID_MODULES = ("xor", "raid6_pq", "async_tx", "async_xor", "async_pq")
HASH_MODULES = ("sha512_generic", "sha512-ssse3", "af_alg", "algif_hash")
MODULES = ("msr", "cpuid", *KVM_MODULES, *RAID_MODULES, *HASH_MODULES)

# The debug kernel's name for people, and the end of its release.
DEBUG = "debug"
DEBUG_SUFFIX = "-isahp-debug"

XZ_MAGIC = b"\xfd7zXZ\0"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


@dataclass(frozen=True)
class Kernel:
    """An unpacked kernel in a folder."""
    release: str
    folder: Path

    @property
    def built_on(self) -> tuple[str, ...]:
        """What its built-in libraries were made with at boot, and so pin, of
        what tests take away: hashes and AES, from 6.16 on (guest-kmod/compat.h).
        """
        version = tuple(int(n) for n in re.findall(r"\d+", self.release)[:2])
        return ("avx2", "bmi2", "sha_ni", "aes") if version >= (6, 16) else ()

    @property
    def vmlinux(self) -> Path:
        """ELF with a PVH note: QEMU boots it at once."""
        return self.folder / "vmlinux"

    @property
    def config(self) -> Path:
        return self.folder / "config"

    @property
    def modules(self) -> list[Path]:
        return sorted((self.folder / "modules").glob("*.ko"))

    @property
    def suite(self) -> str:
        """Where it is from: archive.OWN or a suite."""
        path = self.folder / "suite"
        return path.read_text() if path.is_file() else archive.OWN

    @property
    def contents(self) -> Path:
        """What was asked for when it was unpacked."""
        return self.folder / "contents"

    def is_whole(self) -> bool:
        return (self.vmlinux.is_file() and self.config.is_file()
                and self.contents.is_file()
                # The debug kernel has the modules that it was built with.
                and (self.release.endswith(DEBUG_SUFFIX)
                     or self.contents.read_text() == " ".join(MODULES)))


def _query(argv: list[str]) -> str:
    try:
        return subprocess.run(argv, capture_output=True, text=True,
                              check=False).stdout
    except FileNotFoundError:
        raise LabError(f"missing program {argv[0]}: the guest's kernel comes "
                       "from Debian's archive, run this on Debian") from None


def default_release() -> str:
    """The release that linux-headers-amd64 brings: what isahp.ko is built
    for."""
    depends = _query(["dpkg-query", "-W", "-f", "${Depends}",
                      "linux-headers-amd64"])
    match = re.search(r"linux-headers-(\S+-amd64)", depends)
    if not match:
        raise LabError("missing kernel headers: install linux-headers-amd64 "
                       "(./dev setup) or name a release with --kernel")
    return match[1]


def _headers_version(release: str) -> str:
    """Version of the headers, so that kernel and module fit exactly."""
    return _query(["dpkg-query", "-W", "-f", "${Version}",
                   f"linux-headers-{release}"]).strip()


def _is_of(release: str, version: str) -> bool:
    """Whether 6.12.95+deb12-amd64 is a 6.12."""
    return bool(re.match(re.escape(version) + r"([^0-9]|$)", release))


def _is_default(version: str) -> bool:
    try:
        return _is_of(default_release(), version)
    except LabError:
        return False


def _newest(releases: Iterable[str]) -> str:
    return max(releases, key=lambda r: [int(n) for n in re.findall(r"\d+", r)],
               default="")


def _look_up(version: str) -> tuple[str, str]:
    """Release and suite of a version, or of an exact release; "" is this
    system's own archive."""
    if _is_default(version):
        return default_release(), archive.OWN
    if archive.names(f"^linux-image-{re.escape(version)}$", archive.OWN):
        return version, archive.OWN
    for suite in archive.BASES:
        for name in archive.depends("linux-headers-amd64", suite):
            release = name.removeprefix("linux-headers-")
            if release[0].isdigit() and _is_of(release, version):
                return release, suite
        if archive.names(f"^linux-image-{re.escape(version)}$", suite):
            return version, suite
    raise LabError(f"missing kernel {version}: neither this system's archive "
                   f"nor {', '.join(archive.BASES)} has it")


def _packages(release: str, suite: str) -> list[str]:
    """The image; since 7.0 it is split, and depends on its parts."""
    image = f"linux-image-{release}"
    parts = [name for name in archive.depends(image, suite)
             if name.startswith("linux-") and name.endswith(release)]
    version = "" if suite else _headers_version(release)
    return [f"{image}={version}" if version else image, *parts]


def _download(release: str, suite: str, folder: Path) -> list[Path]:
    try:
        return archive.download(_packages(release, suite), suite, folder)
    except LabError:
        # The archive has a newer build than the headers here are of.
        if suite or not _headers_version(release):
            raise
    return archive.download([f"linux-image-{release}"], suite, folder)


def _extract(deb: Path, release: str, folder: Path) -> None:
    """Unpack what is needed out of one package."""
    wanted = {f"boot/vmlinuz-{release}": "vmlinuz",
              f"boot/config-{release}": "config",
              f"lib/modules/{release}/vmlinuz": "vmlinuz",
              f"lib/modules/{release}/config": "config"}
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(deb)],
                          stdout=subprocess.PIPE) as tar:
        assert tar.stdout
        with tarfile.open(fileobj=tar.stdout, mode="r|") as files:
            for member in files:
                path = member.name.removeprefix("./").removeprefix("usr/")
                name = re.sub(r"\.(xz|zst)$", "", os.path.basename(path))
                if path in wanted:
                    target = folder / wanted[path]
                elif name.removesuffix(".ko") in MODULES and ".ko" in name:
                    target = folder / "modules" / name
                else:
                    continue
                source = files.extractfile(member)
                if source:
                    target.write_bytes(_inflate(source.read()))
        tar.stdout.read()


def _inflate(data: bytes) -> bytes:
    """What a file is before compression; the stream may have a trailer."""
    if data.startswith(XZ_MAGIC):
        return lzma.LZMADecompressor().decompress(data)
    if data.startswith(ZSTD_MAGIC):
        try:
            # It complains of the trailer, after the whole stream.
            return subprocess.run(["zstd", "-dcq"], input=data, check=False,
                                  capture_output=True).stdout
        except FileNotFoundError:
            raise LabError("missing program zstd: ./dev setup") from None
    return data


def decompress(vmlinuz: bytes) -> bytes:
    """The ELF within a bzImage, by its setup header (boot protocol 2.08,
    Documentation/arch/x86/boot.rst: setup_sects, payload_offset and _length).
    """
    if vmlinuz[0x202:0x206] != b"HdrS":
        raise LabError("not a bzImage: no HdrS in the setup header")
    start = (vmlinuz[0x1f1] + 1) * 512 + int.from_bytes(
        vmlinuz[0x248:0x24c], "little")
    payload = vmlinuz[start:start + int.from_bytes(
        vmlinuz[0x24c:0x250], "little")]
    elf = _inflate(payload)
    if not elf.startswith(b"\x7fELF"):
        raise LabError("cannot decompress the kernel: neither xz nor zstd")
    return elf


def _make(release: str, suite: str, folder: Path) -> None:
    print(f"lab: fetching kernel {release}", flush=True)
    (folder / "modules").mkdir()
    for deb in _download(release, suite, folder):
        _extract(deb, release, folder)
        deb.unlink()
    vmlinuz = folder / "vmlinuz"
    if not vmlinuz.is_file():
        raise LabError(f"missing kernel {release}: no vmlinuz in its packages")
    (folder / "vmlinux").write_bytes(decompress(vmlinuz.read_bytes()))
    (folder / "suite").write_text(suite)
    (folder / "contents").write_text(" ".join(MODULES))


def _there(version: str) -> Kernel | None:
    """The newest of a version that was fetched before, so that nobody has to
    ask the archive; it may have a newer one by now."""
    folder = guest_root() / "kernel"
    release = _newest(p.name for p in folder.glob("[0-9]*")
                      if _is_of(p.name, version)
                      and not p.name.endswith(DEBUG_SUFFIX)
                      and Kernel(p.name, p).is_whole())
    return Kernel(release, folder / release) if release else None


@contextlib.contextmanager
def made_whole(target: Path) -> Iterator[Path]:
    """A folder to work in, which becomes `target` if all goes well."""
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    try:
        yield work
        work.chmod(0o755)
        if target.exists():
            shutil.rmtree(target)
        work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _debug() -> Kernel:
    """The debug kernel; building it takes too long to be done unasked."""
    releases = [p.name for p in (guest_root() / "kernel").glob(
        f"[0-9]*{DEBUG_SUFFIX}") if Kernel(p.name, p).is_whole()]
    if not releases:
        raise LabError("no debug kernel: ./dev test --debug-kernel builds it")
    return Kernel(_newest(releases), guest_root() / "kernel" / _newest(releases))


def fetch(version: str | None = None) -> Kernel:
    """The kernel, downloaded unless it is there.

    version: 6.1, 6.12, 7.2 ... for the newest of it that Debian has, an exact
    release, "debug" for the debug kernel, or nothing for what the module is
    built for.
    """
    if version == DEBUG:
        return _debug()
    if version and not re.fullmatch(r"[0-9][\w.+-]*", version):
        raise LabError(f"not a kernel release: {version}")
    if not version or _is_default(version):
        version = default_release()
    kernel = _there(version)
    if kernel:
        return kernel
    release, suite = _look_up(version)
    kernel = Kernel(release, guest_root() / "kernel" / release)
    if not kernel.is_whole():
        with made_whole(kernel.folder) as work:
            _make(release, suite, work)
    return kernel
