#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An application builds against an installed tree, in C and C++, by CMake and
by pkg-config, wherever the tree has been moved to."""

import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD, LIBDIR, VERSION = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
APP = Path(__file__).parent / "app"
SOURCE = Path(__file__).resolve().parents[2]
MANUAL = SOURCE / "docs/library.md"
BLOCK = re.compile(r"(?:<!-- from (?P<file>\S+) -->\n)?```c\n(?P<code>.*?)^```$",
                   re.S | re.M)


def run(*command, **options):
    """Its output; an assertion when it fails."""
    r = subprocess.run([str(c) for c in command], capture_output=True, text=True,
                       **options)
    if r.returncode:
        raise AssertionError(f"{command}: {r.returncode}\n{r.stdout}{r.stderr}")
    return r.stdout.strip()


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="isahp-package-")
        top = Path(cls.folder.name)
        first = top / "first"
        run("cmake", "--install", BUILD, "--component", "isahp", "--prefix", first)
        # From here on nothing may remember where it was installed to.
        cls.prefix = first.rename(top / "moved")
        cls.lib = cls.prefix / LIBDIR
        cls.top = top
        cls.env = dict(os.environ, PKG_CONFIG_PATH=str(cls.lib / "pkgconfig"))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def configure(self, build, version=""):
        return ["cmake", "-G", "Ninja", "-S", APP, "-B", self.top / build,
                f"-DCMAKE_PREFIX_PATH={self.prefix}", f"-DVERSION={version}"]

    def test_find_package(self):
        run(*self.configure("cmake", VERSION))
        run("cmake", "--build", self.top / "cmake")
        self.assertEqual(run(self.top / "cmake" / "app_c"), "c 42")
        self.assertEqual(run(self.top / "cmake" / "app_cxx"), "c++ 42")
        cache = (self.top / "cmake" / "CMakeCache.txt").read_text()
        self.assertIn(f"isahp_DIR:PATH={self.lib}/cmake/isahp", cache)

    def test_find_package_of_another_major_version_fails(self):
        with self.assertRaisesRegex(AssertionError, "isahp-config.cmake"):
            run(*self.configure("newer", "99"))

    def test_pkg_config(self):
        self.assertEqual(run("pkg-config", "--modversion", "libisahp",
                             env=self.env), VERSION)
        flags = run("pkg-config", "--cflags", "--libs", "libisahp",
                    env=self.env).split()
        for compiler, source, says in (("cc", "app.c", "c 42"),
                                       ("c++", "app.cpp", "c++ 42")):
            app = self.top / f"by-{compiler}"
            run(compiler, "-O2", "-Wall", "-Werror", "-o", app, APP / source, *flags)
            self.assertEqual(run(app, env=dict(os.environ,
                                               LD_LIBRARY_PATH=str(self.lib))), says)

    def test_nothing_remembers_where_it_was(self):
        looked_at = 0
        for path in self.prefix.rglob("*"):
            if path.suffix not in (".pc", ".cmake", ".h", ".hpp"):
                continue
            looked_at += 1
            text = path.read_text()
            for place in (str(SOURCE), str(BUILD), str(self.top)):
                self.assertNotIn(place, text, path)
        self.assertGreater(looked_at, 8)

    def test_the_manual_begins_with_a_program_that_works(self):
        text = MANUAL.read_text()
        block = BLOCK.search(text)
        self.assertIsNone(block["file"])
        (self.top / "sum.c").write_text(block["code"])
        line = re.search(r"^    (cc .* sum\.c .*)$", text, re.M)[1]
        run("sh", "-ec", line, cwd=self.top, env=self.env)
        said = run(self.top / "sum", input="\n",
                   env=dict(os.environ, LD_LIBRARY_PATH=str(self.lib)))
        self.assertRegex(said, r"^15 by (avx2|c)\n15 by \1$")
        run(BUILD / "bin" / "isahp", "check", "--strict", self.top / "sum")

    def test_the_manual_quotes_what_is_compiled(self):
        quoted = [b for b in BLOCK.finditer(MANUAL.read_text()) if b["file"]]
        self.assertGreater(len(quoted), 4)
        for block in quoted:
            # Each passage, as a stretch of whole lines.
            self.assertIn(block["code"], (SOURCE / block["file"]).read_text(),
                          block["file"])

    def test_there_is_a_page_for_each_call(self):
        if not shutil.which("scdoc"):
            self.skipTest("no scdoc to make them")
        names = run(sys.executable, SOURCE / "docs/man/calls.py", "--list").split(";")
        self.assertGreater(len(names), 20)
        for name in names:
            page = self.prefix / "share/man/man3" / f"{name}.3"
            self.assertIn("SYNOPSIS", page.read_text(), name)

    def test_the_soname_is_the_major_version(self):
        out = run("readelf", "-d", self.lib / "libisahp.so")
        self.assertRegex(out, rf"SONAME.*\[libisahp.so.{VERSION.split('.')[0]}\]")
        needed = [l for l in out.splitlines() if "NEEDED" in l]
        self.assertFalse([l for l in needed if "isa_core" in l])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
