# SPDX-License-Identifier: MIT
"""The guest's kernel: Debian's, downloaded and unpacked, never installed."""

import lzma
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .errors import LabError
from .paths import guest_root

# Of use to tests, each before what needs it.
KVM_MODULES = ("irqbypass", "ccp", "kvm", "kvm-amd")
RAID_MODULES = ("xor", "raid6_pq", "async_tx", "async_xor", "async_pq")
HASH_MODULES = ("sha512_generic", "sha512-ssse3", "af_alg", "algif_hash")
MODULES = ("msr", "cpuid", *KVM_MODULES, *RAID_MODULES, *HASH_MODULES)

XZ_MAGIC = b"\xfd7zXZ\0"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


@dataclass(frozen=True)
class Kernel:
    """An unpacked kernel in a folder."""
    release: str
    folder: Path

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
    def contents(self) -> Path:
        """What was asked for when it was unpacked."""
        return self.folder / "contents"

    def is_whole(self) -> bool:
        return (self.vmlinux.is_file() and self.config.is_file()
                and self.contents.is_file()
                and self.contents.read_text() == " ".join(MODULES))


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


def _wanted_version(release: str) -> str:
    """Version of the headers, so that kernel and module fit exactly."""
    return _query(["dpkg-query", "-W", "-f", "${Version}",
                   f"linux-headers-{release}"]).strip()


def _download(release: str, folder: Path) -> Path:
    package = f"linux-image-{release}"
    version = _wanted_version(release)
    wanted = [f"{package}={version}"] if version else []
    error = ""
    for name in [*wanted, package]:
        # As root apt would step down to _apt, which can not write here.
        done = subprocess.run(
            ["apt-get", "download", "-q", "-o", "APT::Sandbox::User=root", name],
            cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return next(folder.glob("*.deb"))
        error = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    if re.search(r"resolve|connect|fetch|network|Temporary", error, re.I):
        raise LabError(f"no network for packages: {package}: {error}")
    raise LabError(f"missing kernel {release}: no package {package} "
                   f"(run apt-get update, or choose with --kernel): {error}")


def _extract(deb: Path, release: str, folder: Path) -> Path:
    """Unpack what is needed; the path of vmlinuz."""
    wanted = {f"boot/vmlinuz-{release}": "vmlinuz",
              f"boot/config-{release}": "config",
              f"lib/modules/{release}/vmlinuz": "vmlinuz",
              f"lib/modules/{release}/config": "config"}
    (folder / "modules").mkdir()
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(deb)],
                          stdout=subprocess.PIPE) as tar:
        assert tar.stdout
        with tarfile.open(fileobj=tar.stdout, mode="r|") as files:
            for member in files:
                path = member.name.removeprefix("./").removeprefix("usr/")
                name = os.path.basename(path).removesuffix(".xz")
                if path in wanted:
                    target = folder / wanted[path]
                elif name.removesuffix(".ko") in MODULES and ".ko" in name:
                    target = folder / "modules" / name
                else:
                    continue
                source = files.extractfile(member)
                if source:
                    data = source.read()
                    target.write_bytes(lzma.decompress(data)
                                       if path.endswith(".xz") else data)
        tar.stdout.read()
    vmlinuz = folder / "vmlinuz"
    if not vmlinuz.is_file():
        raise LabError(f"missing kernel {release}: no vmlinuz in {deb.name}")
    return vmlinuz


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
    if payload.startswith(XZ_MAGIC):
        # Four bytes of size trail the stream.
        return lzma.LZMADecompressor().decompress(payload)
    if payload.startswith(ZSTD_MAGIC):
        done = subprocess.run(["zstd", "-dcq"], input=payload, check=False,
                              capture_output=True)
        if done.stdout.startswith(b"\x7fELF"):
            return done.stdout
        raise LabError("cannot decompress the kernel: install zstd")
    raise LabError("cannot decompress the kernel: neither xz nor zstd")


def _make(release: str, folder: Path) -> None:
    print(f"lab: fetching kernel {release}", flush=True)
    deb = _download(release, folder)
    vmlinuz = _extract(deb, release, folder)
    deb.unlink()
    (folder / "vmlinux").write_bytes(decompress(vmlinuz.read_bytes()))
    (folder / "contents").write_text(" ".join(MODULES))


def fetch(release: str | None = None) -> Kernel:
    """The kernel, downloaded unless it is there."""
    release = release or default_release()
    if not re.fullmatch(r"[0-9][\w.+-]*", release):
        raise LabError(f"not a kernel release: {release}")
    kernel = Kernel(release, guest_root() / "kernel" / release)
    if kernel.is_whole():
        return kernel
    kernel.folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=kernel.folder.parent,
                                 prefix=f".{release}."))
    try:
        _make(release, work)
        work.chmod(0o755)
        if kernel.folder.exists():
            shutil.rmtree(kernel.folder)
        work.rename(kernel.folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return kernel
