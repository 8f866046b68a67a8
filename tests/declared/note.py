#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each operation has its note, however a program is compiled and linked."""

import json
import re
import unittest

from build import AVX2, INCLUDES, LINK, SHARED, Case, has, run

SOURCE = """
#include <isahp/isahp.h>
#ifdef __cplusplus
namespace there {
#endif
int one_x(int a);
int one_c(int a);
int one_x(int a) { return a + 1; }
int one_c(int a) { return a + 2; }
static int two_c(int a) { return a + 3; }
ISAHP_OPERATION_DECLARE(%(prefix)sone, int, (int a), (a))
ISAHP_OPERATION_DEFINE(%(prefix)sone,
	ISAHP_VARIANT("x", one_x, 10, ISAHP_SET(AVX512VBMI, SHA_NI, APX_F)),
	ISAHP_VARIANT("c", one_c, 4000000000u, ISAHP_SET_NONE));
ISAHP_OPERATION_DECLARE(%(prefix)stwo, int, (int a), (a))
ISAHP_OPERATION_DEFINE(%(prefix)stwo, ISAHP_VARIANT("c", two_c, 2, ISAHP_SET_NONE));
#ifdef __cplusplus
int use(int a);
int use(int a) { return %(prefix)sone(a) + %(prefix)stwo(a); }
}
#endif
"""
MAIN = "int main(void) { return 0; }\n"
LANGUAGES = {"gcc": "-std=c99", "clang": "-std=c99", "g++": "-std=c++17", "clang++": "-std=c++17"}
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wno-unused-function"]
KINDS = {"library": SHARED, "pie": ["-fPIE", "-pie"], "fixed": ["-fno-pic", "-no-pie"]}


class Notes(Case):
    def source(self, compiler: str, prefix: str = "") -> object:
        suffix = "cc" if "++" in compiler else "c"
        return self.write(f"{prefix}a.{suffix}", SOURCE % {"prefix": prefix})

    def shown(self, path) -> dict:
        status, out, err = self.isahp("show", "--json", path)
        self.assertEqual(status, 0, err)
        return {op["name"]: op["variants"] for op in json.loads(out)["files"][0]["operations"]}

    def right(self, path, prefix: str = "", symbols: bool = True) -> None:
        shown = self.shown(path)
        one, two = shown[f"{prefix}one"], shown[f"{prefix}two"]
        self.assertEqual([(v["name"], v["cost"], v["needs"]) for v in one],
                         [("x", 10, ["sha_ni", "avx512vbmi", "apx"]), ("c", 4000000000, [])])
        self.assertEqual([(v["name"], v["cost"], v["needs"]) for v in two], [("c", 2, [])])
        if symbols:
            self.assertRegex(one[0]["function"], "one_x")
            self.assertRegex(two[0]["function"], "two_c")
        self.assertEqual(len({v["address"] for v in one + two}), 3)
        notes = run("readelf", "-SW", path)
        self.assertRegex(notes, r"\.note\.isahp +NOTE +\w+ \w+ \w+ 00 +A ")
        where = re.search(r"\.note\.isahp +NOTE +(\w+) \w+ (\w+)", notes)
        begin, size = (int(n, 16) for n in where.groups())
        for line in run("readelf", "-rW", path).splitlines():
            if re.match(r"[0-9a-f]{16} ", line):
                self.assertFalse(begin <= int(line.split()[0], 16) < begin + size, line)

    def build(self, compiler: str, *flags: str, linker: tuple = (), prefix: str = "") -> object:
        out = self.dir / "out"
        main = self.write("main.c", MAIN) if "++" not in compiler else \
            self.write("main.cc", MAIN)
        run(compiler, *INCLUDES, LANGUAGES[compiler], *flags, *WARNINGS,
            self.source(compiler, prefix), main, *LINK, *linker, "-o", out)
        return out

    def matrix(self, *flags: str, linker: tuple = (), symbols: bool = True,
               compilers: tuple = tuple(LANGUAGES)) -> None:
        for compiler in filter(has, compilers):
            for kind, how in KINDS.items():
                with self.subTest(f"{compiler} {kind} {flags}"):
                    self.right(self.build(compiler, *how, *flags, linker=linker),
                               symbols=symbols)

    def test_unoptimised(self) -> None:
        self.matrix("-O0")

    def test_optimised(self) -> None:
        self.matrix("-O3")

    def test_garbage_collected(self) -> None:
        self.matrix("-O2", "-ffunction-sections", "-fdata-sections", linker=("-Wl,--gc-sections",))

    def test_garbage_collected_by_lld(self) -> None:
        if not has("ld.lld"):
            self.skipTest("no lld")
        self.matrix("-O2", "-ffunction-sections", "-fdata-sections", "-fuse-ld=lld",
                    linker=("-Wl,--gc-sections",), compilers=("clang", "clang++"))

    def test_link_time_optimised(self) -> None:
        self.matrix("-O2", "-flto", compilers=("gcc", "g++"))
        if has("ld.lld"):
            self.matrix("-O2", "-flto", "-fuse-ld=lld", compilers=("clang", "clang++"))

    def test_intel_syntax(self) -> None:
        self.matrix("-O2", "-masm=intel")

    def test_medium_code_model(self) -> None:
        self.matrix("-O2", "-mcmodel=medium")

    def test_large_code_model_compiles(self) -> None:
        # gcc's has no note, and says so in <isahp/note.h>.
        self.build("gcc", "-O2", "-mcmodel=large", *SHARED)

    def test_stripped(self) -> None:
        path = self.build("gcc", "-O2", *SHARED, "-fvisibility=hidden")
        run("strip", path)
        self.right(path, symbols=False)

    def test_packed_relative_relocations(self) -> None:
        for name, compiler, flags in (
                ("ld", "gcc", ("-Wl,-z,pack-relative-relocs",)),
                ("lld", "clang", ("-fuse-ld=lld", "-Wl,--pack-dyn-relocs=relr"))):
            if not has(f"ld.{name}") and name != "ld":
                continue
            with self.subTest(name):
                path = self.build(compiler, "-O2", "-fPIE", "-pie", linker=flags)
                self.assertIn("RELR", run("readelf", "-dW", path))
                self.right(path)

    def test_symbolic_relocations(self) -> None:
        path = self.build("gcc", "-O2", *SHARED)
        self.assertRegex(run("readelf", "-rW", path), r"R_X86_64_64 .* one_x")
        self.right(path)

    def test_flags_and_classes_of_results(self) -> None:
        source = self.write("f.c", """
#include <isahp/isahp.h>
int f(int);
int f(int n) { return n; }
ISAHP_OPERATION_DECLARE(op, int, (int n), (n))
ISAHP_OPERATION_DEFINE_FLAGS(op, ISAHP_OPERATION_SAME_BITS,
	ISAHP_VARIANT_RESULTS("a", f, 1, 77, ISAHP_SET(AVX2)),
	ISAHP_VARIANT_RESULTS("b", f, 2, 4000000000u, ISAHP_SET(AVX)),
	ISAHP_VARIANT("c", f, 3, ISAHP_SET_NONE));
""")
        path = self.dir / "f.so"
        run("gcc", *INCLUDES, *SHARED, source, *LINK, "-o", path)
        op = json.loads(self.isahp("show", "--json", path)[1])["files"][0]["operations"][0]
        self.assertEqual(op["flags"], 1)
        self.assertEqual([v["results"] for v in op["variants"]], [77, 4000000000, 0])
        text = self.isahp("show", path)[1]
        self.assertIn("op (flags 0x1: same bits or no swap)", text)
        self.assertIn("results class 77", text)

    def test_object_file(self) -> None:
        out = self.dir / "a.o"
        run("gcc", *INCLUDES, "-O2", "-fPIC", "-c", self.source("gcc"), "-o", out)
        shown = self.shown(out)
        self.assertEqual(sorted(shown), ["one", "two"])
        self.assertEqual(shown["one"][0]["function"], "one_x")

    def test_several_files_and_an_archive(self) -> None:
        parts = []
        for prefix in ("p_", "q_", "r_"):
            text = (SOURCE % {"prefix": prefix}).replace("int one_", f"static int one_")
            source = self.write(f"{prefix}.c", text + f"int {prefix}f(void); "
                                f"int {prefix}f(void) {{ return {prefix}one(1); }}\n")
            run("gcc", *INCLUDES, "-O2", "-c", source, "-o", f"{source}.o")
            parts.append(f"{source}.o")
        run("ar", "rcs", self.dir / "all.a", *parts)
        main = self.write("main.c", "int p_f(void), r_f(void);\n"
                          "int main(void) { return p_f() + r_f(); }\n")
        out = self.dir / "out"
        run("gcc", "-O2", main, self.dir / "all.a", *LINK, "-o", out)
        # What is linked, is noted; what is not, is not.
        self.assertEqual(sorted(self.shown(out)), ["p_one", "p_two", "r_one", "r_two"])
        self.right(out, "p_")
        self.right(out, "r_")

    def test_archive_of_link_time_optimised_members(self) -> None:
        source = self.source("gcc")
        run("gcc", *INCLUDES, "-O2", "-flto", "-c", source, "-o", f"{source}.o")
        run("gcc-ar", "rcs", self.dir / "all.a", f"{source}.o")
        main = self.write("main.c", "int one_x(int);\nint main(void) { return one_x(1); }\n")
        run("gcc", "-O2", "-flto", main, self.dir / "all.a", *LINK, "-o", self.dir / "out")
        self.right(self.dir / "out", symbols=False)

    def test_variant_in_another_object(self) -> None:
        path = self.library(AVX2, "int unused;")
        self.assertEqual(self.shown(path)["op"][0]["function"], "it")
        self.assertIsNone(self.shown(path)["op"][0]["address"])

    def test_without_section_headers(self) -> None:
        path = self.build("gcc", "-O2", *SHARED)
        data = bytearray(path.read_bytes())
        data[40:48] = bytes(8)          # e_shoff
        data[60:64] = bytes(4)          # e_shnum, e_shstrndx
        path.write_bytes(data)
        self.assertEqual(sorted(self.shown(path)), ["one", "two"])


if __name__ == "__main__":
    unittest.main()
