# SPDX-License-Identifier: MIT
"""What the tests of `isahp show` and `isahp check` share: they build small
libraries, and ask the program about them."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ["ISAHP_BUILD_DIR"])
PROGRAM = BUILD / "bin" / "isahp"
INCLUDES = [f"-I{TOP}/include", f"-I{TOP}/libisahp/include"]
# The library may be a sanitized one, which has undefined symbols.
LINK = [f"-L{BUILD}/lib", "-lisahp", "-Wl,--allow-shlib-undefined"]
SHARED = ["-shared", "-fPIC"]
AVX2 = "ISAHP_SET(AVX2)"

#: An operation `op` with the variants "it" and "c", whose code a test brings.
OPERATION = """
#include <isahp/isahp.h>
int it(int, int *, int (*)(int));
int c(int, int *, int (*)(int));
int c(int n, int *p, int (*f)(int)) { return n + !p + !f; }
ISAHP_OPERATION_DECLARE(op, int, (int n, int *p, int (*f)(int)), (n, p, f))
ISAHP_OPERATION_DEFINE(op, ISAHP_VARIANT("it", it, 1, %s),
	ISAHP_VARIANT("c", c, 2, ISAHP_SET_NONE));
"""


def run(*command: object) -> str:
    """A command that has to work: its output."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def has(compiler: str) -> bool:
    return shutil.which(compiler) is not None


class Case(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self) -> None:
        self.dir = Path(tempfile.mkdtemp(prefix="isahp-declared-"))
        self.addCleanup(shutil.rmtree, self.dir)

    def write(self, name: str, text: str) -> Path:
        path = self.dir / name
        path.write_text(text)
        return path

    def library(self, needs: str, code: str, *flags: str, compiler: str = "gcc",
                suffix: str = ".c") -> Path:
        """A library whose variant "it" declares `needs` and is `code`, which is
        compiled with `flags`; the rest is not."""
        one = self.write("operation.c", OPERATION % needs)
        two = self.write("code" + suffix, code)
        out = self.dir / "lib.so"
        run(compiler, *INCLUDES, "-O2", "-fPIC", "-c", one, "-o", f"{one}.o")
        run(compiler, "-O2", "-fPIC", *flags, "-c", two, "-o", f"{two}.o")
        run(compiler, *SHARED, f"{one}.o", f"{two}.o", *LINK, "-o", out)
        return out

    def isahp(self, *words: object) -> tuple[int, str, str]:
        done = subprocess.run([str(PROGRAM), *map(str, words)], capture_output=True, text=True)
        self.assertGreaterEqual(done.returncode, 0, f"{words}: a signal\n{done.stderr}")
        return done.returncode, done.stdout, done.stderr

    def check(self, path: Path, *options: str, code: int) -> list[dict]:
        """`isahp check`, with this exit code: all that it says of all variants."""
        status, out, err = self.isahp("check", "--json", *options, path)
        self.assertEqual(status, code, out + err)
        found = []
        for op in json.loads(out)["files"][0]["operations"]:
            for variant in op["variants"]:
                found += [{"variant": variant["name"], **f} for f in variant["findings"]]
        return found

    def one(self, path: Path, *options: str, code: int = 1) -> dict:
        """The same, where there is to be exactly one."""
        found = self.check(path, *options, code=code)
        self.assertEqual(len(found), 1, found)
        return found[0]

    def fine(self, path: Path, *options: str) -> None:
        self.assertEqual(self.check(path, *options, code=0), [])


def addresses(path: Path, pattern: str) -> list[int]:
    """Where objdump sees instructions that match."""
    return [int(line.split(":")[0], 16)
            for line in run("objdump", "-d", "--no-show-raw-insn", path).splitlines()
            if re.search(rf":\t({pattern})", line)]


def symbol(path: Path, name: str) -> int:
    for line in run("nm", path).splitlines():
        if line.split()[-1] == name:
            return int(line.split()[0], 16)
    raise AssertionError(f"{path} has no {name}")
