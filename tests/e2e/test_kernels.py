#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Which kernel a version is, what is in its image, and what the archive is asked
for; without a network."""

import lzma
import os
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from lab import archive, headers, kernel
from lab.errors import LabError

ELF = b"\x7fELF" + bytes(range(256)) * 64


def bz_image(payload: bytes) -> bytes:
    """A bzImage with two setup sectors and its payload at 0x30."""
    setup = bytearray(3 * 512)
    setup[0x1f1] = 2
    setup[0x202:0x206] = b"HdrS"
    setup[0x248:0x24c] = (0x30).to_bytes(4, "little")
    setup[0x24c:0x250] = len(payload).to_bytes(4, "little")
    return bytes(setup) + bytes(0x30) + payload + bytes(64)


class Image(unittest.TestCase):
    size = len(ELF).to_bytes(4, "little")

    def test_xz_with_its_size_behind_it(self) -> None:
        image = bz_image(lzma.compress(ELF) + self.size)
        self.assertEqual(kernel.decompress(image), ELF)

    def test_zstd_with_its_size_behind_it(self) -> None:
        packed = subprocess.run(["zstd", "-cq"], input=ELF, check=True,
                                capture_output=True).stdout
        self.assertEqual(kernel.decompress(bz_image(packed + self.size)), ELF)

    def test_nothing_else(self) -> None:
        for image in (bz_image(b"\x1f\x8bgzip"), bz_image(lzma.compress(b"no")),
                      bytes(4096)):
            with self.assertRaises(LabError):
                kernel.decompress(image)


class Fetched(unittest.TestCase):
    """What is there is taken, and the archive not asked."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for patch in (mock.patch.dict(os.environ,
                                      ISAHP_BUILD_ROOT=folder.name),
                      mock.patch.object(kernel, "default_release",
                                        lambda: "6.1.0-9-amd64"),
                      mock.patch.object(archive, "mirror",
                                        lambda: "http://127.0.0.1:9/")):
            patch.start()
            self.addCleanup(patch.stop)
        for release in ("6.1.0-9-amd64", "6.1.0-10-amd64", "6.12.9+x-amd64",
                        "6.12.10+x-amd64", "6.1.192-isahp-debug"):
            self.put(release)
        (Path(folder.name) / "guest/kernel/7.2.1-amd64").mkdir()

    @staticmethod
    def put(release: str) -> None:
        one = kernel.Kernel(release, kernel.guest_root() / "kernel" / release)
        one.folder.mkdir(parents=True)
        for path in (one.vmlinux, one.config):
            path.touch()
        one.contents.write_text(" ".join(kernel.MODULES))

    def test_versions(self) -> None:
        for version, release in (("6.12", "6.12.10+x-amd64"),
                                 ("6.12.9", "6.12.9+x-amd64"),
                                 ("6.1", "6.1.0-9-amd64"),
                                 ("6.1.0-10-amd64", "6.1.0-10-amd64"),
                                 ("debug", "6.1.192-isahp-debug"),
                                 (None, "6.1.0-9-amd64")):
            self.assertEqual(kernel.fetch(version).release, release, version)

    def test_offline_is_named(self) -> None:
        for version in ("7.2", "6.11"):
            with self.assertRaisesRegex(LabError, "no network for packages"):
                with mock.patch.object(archive, "names", lambda *_: []):
                    kernel.fetch(version)

    def test_names_that_are_no_packages(self) -> None:
        for name in ("-o", "a b", "../x", "x=1;y", ""):
            with self.assertRaisesRegex(LabError, "not a package"):
                archive.download([name], "sid", Path("/nonexistent"))
        with self.assertRaisesRegex(LabError, "no suite"):
            archive.depends("x", "potato")
        with self.assertRaisesRegex(LabError, "not a kernel release"):
            kernel.fetch("../x")


class Warnings(unittest.TestCase):
    def test_only_the_kernels_own_remark_is_passed(self) -> None:
        self.assertTrue(headers.complaints("x.c:1:2: warning: unused variable"))
        self.assertTrue(headers.complaints("ERROR: modpost: undefined!"))
        self.assertFalse(headers.complaints(
            "warning: the compiler differs from the one used to build the "
            "kernel\n  CC [M]  x.o"))


if __name__ == "__main__":
    unittest.main()
