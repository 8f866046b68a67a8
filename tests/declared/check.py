#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`isahp check` finds what is not declared, says where, and finds nothing else."""

import unittest

from build import AVX2, INCLUDES, LINK, OPERATION, SHARED, Case, addresses, has, run, symbol

LZCNT = """
int it(int n, int *p, int (*f)(int)) { (void)f; return __builtin_clz(n) + *p; }
"""

#: Hand-written: the first %s is in the middle, the second before the way out.
WIDE = """
	.text
	.globl it
	.type it, @function
it:
	vpxor %%ymm0, %%ymm0, %%ymm0
	vpaddd (%%rsi), %%ymm0, %%ymm0
	vmovdqu %%ymm0, (%%rsi)
	%s
	xorl %%eax, %%eax
	%s
	ret
	.size it, . - it
	.section .note.GNU-stack,"",@progbits
"""


class UndeclaredFeatures(Case):
    def undeclared(self, path, function: str, mnemonic: str, missing: list[str]) -> None:
        found = self.one(path)
        where = addresses(path, mnemonic)
        self.assertEqual(found["kind"], "undeclared-feature")
        self.assertEqual(found["function"], function)
        self.assertIn(int(found["address"], 16), where)
        self.assertEqual(found["offset"], int(found["address"], 16) - symbol(path, function))
        self.assertRegex(found["instruction"], f"^{mnemonic}")
        self.assertEqual(found["missing"], missing)

    def test_lzcnt_in_an_avx2_build(self) -> None:
        self.undeclared(self.library(AVX2, LZCNT, "-mavx2", "-mlzcnt"), "it", "lzcnt", ["abm"])

    def test_avx2_build_without_it_is_fine(self) -> None:
        self.fine(self.library(AVX2, LZCNT, "-mavx2", "-mno-lzcnt"))

    def test_lzcnt_that_is_declared_is_fine(self) -> None:
        self.fine(self.library("ISAHP_SET(AVX2, ABM)", LZCNT, "-mavx2", "-mlzcnt"))

    def test_bmi2_in_an_avx2_build(self) -> None:
        code = "int it(int n, int *p, int (*f)(int)) { (void)f; return *p << n; }"
        self.undeclared(self.library(AVX2, code, "-mavx2", "-mbmi2"), "it", "shlx", ["bmi2"])

    def test_popcnt_that_mavx2_brings_unasked(self) -> None:
        code = "int it(int n, int *p, int (*f)(int)) { (void)f; return __builtin_popcount(n + *p); }"
        self.undeclared(self.library(AVX2, code, "-mavx2"), "it", "popcnt", ["popcnt"])

    def test_avx512vl_where_only_512_bits_are_declared(self) -> None:
        code = """
#include <immintrin.h>
int it(int n, int *p, int (*f)(int))
{
	__m256i x = _mm256_rol_epi32(_mm256_loadu_si256((void *)p), 3);
	(void)f;
	_mm256_storeu_si256((void *)p, x);
	return n;
}
"""
        flags = ["-mavx512f", "-mavx512vl"]
        self.undeclared(self.library("ISAHP_SET(AVX512F)", code, *flags), "it", "vprold",
                        ["avx512vl"])
        self.fine(self.library("ISAHP_SET(AVX512F, AVX512VL)", code, *flags))

    def test_in_a_function_that_is_called(self) -> None:
        code = """
static __attribute__((noinline)) int deep(int n) { return __builtin_clz(n); }
static __attribute__((noinline)) int mid(int n) { return deep(n + 1) * 3; }
int it(int n, int *p, int (*f)(int)) { (void)f; return mid(n) + *p; }
"""
        self.undeclared(self.library(AVX2, code, "-mavx2", "-mlzcnt", "-fno-ipa-icf"), "deep",
                        "lzcnt", ["abm"])

    def test_behind_a_tail_call(self) -> None:
        code = """
static __attribute__((noinline)) int last(int n) { return __builtin_clz(n); }
int it(int n, int *p, int (*f)(int)) { (void)f; *p = 1; return last(n); }
"""
        self.undeclared(self.library(AVX2, code, "-mavx2", "-mlzcnt"), "last", "lzcnt", ["abm"])

    def test_in_one_case_of_a_switch(self) -> None:
        code = """
void a(int *p) { *p = 4; } void b(int *p) { *p *= 5; }
int it(int n, int *p, int (*f)(int))
{
	(void)f;
	switch (n) {
	case 0: a(p); return 7;
	case 1: b(p); return *p;
	case 2: a(p + 1); b(p); return 9;
	case 3: return *p = 99;
	case 4: b(p + 3); return 1;
	case 5: return __builtin_clz(*p);
	case 6: a(p); b(p + 9); return 2;
	case 7: b(p); a(p + 9); return 3;
	}
	return 0;
}
"""
        for compiler in filter(has, ("gcc", "clang")):
            with self.subTest(compiler):
                path = self.library(AVX2, code, "-mavx2", "-mlzcnt", "-fvisibility=hidden",
                                    "-fno-inline", compiler=compiler)
                self.assertTrue(addresses(path, r"(notrack )?jmp +\*%r"), "no jump table made")
                self.undeclared_there(path)
                # Of clang's -O0 a switch is not followed, and said not to be.
                for level in ("-O0", "-O1", "-O3")[compiler == "clang":]:
                    self.undeclared_there(self.library(
                        AVX2, code, "-mavx2", "-mlzcnt", "-fvisibility=hidden", level,
                        "-fno-inline", compiler=compiler))
                # A program at a fixed address has a table of addresses.
                program = self.dir / "program"
                main = self.write("main.c", "int main(void) { return 0; }")
                run(compiler, "-no-pie", "-fno-pic", "-O2", "-mavx2", "-mlzcnt", "-fno-inline",
                    *INCLUDES, self.dir / "operation.c", self.dir / "code.c", main,
                    *LINK, "-o", program)
                self.assertTrue(addresses(program, r"(notrack )?jmp +\*0x"), "no jump table made")
                self.undeclared_there(program)

    def test_switch_whose_bound_is_another_registers(self) -> None:
        """The table's size is not known: a guess would find what is not there."""
        code = """
	.globl it
	.type it, @function
it:
	cmpl %s
	ja 1f
	movl %%edi, %%eax
	leaq table(%%rip), %%rdx
	movslq (%%rdx,%%rax,4), %%rax
	addq %%rdx, %%rax
	jmp *%%rax
1:	ret
2:	vpopcntd %%zmm0, %%zmm17
	ret
	.size it, .-it
	.section .rodata
table:	.long 1b - table, 1b - table, 2b - table
"""
        path = self.library("ISAHP_SET_NONE", code % "$2, %esi", suffix=".s")
        self.assertEqual(self.one(path, code=0)["kind"], "indirect-jump")
        path = self.library("ISAHP_SET_NONE", code % "$1, %edi", suffix=".s")
        self.fine(path, "--strict")
        path = self.library("ISAHP_SET_NONE", code % "$2, %edi", suffix=".s")
        self.assertEqual(self.one(path)["missing"], ["avx512_vpopcntdq"])

    def undeclared_there(self, path) -> None:
        found = [f for f in self.check(path, "--strict", code=1) if f["variant"] == "it"]
        self.assertEqual([f["kind"] for f in found], ["undeclared-feature"], found)
        self.assertIn(int(found[0]["address"], 16), addresses(path, "lzcnt"))

    def test_stripped(self) -> None:
        path = self.library(AVX2, LZCNT, "-mavx2", "-mlzcnt", "-fvisibility=hidden")
        begin = symbol(path, "it")
        where = addresses(path, "lzcnt")
        run("strip", path)
        found = self.one(path)
        self.assertIsNone(found["function"])
        self.assertEqual(int(found["address"], 16), where[0])
        self.assertEqual(found["offset"], where[0] - begin)     # from the unwind table
        self.assertEqual(found["missing"], ["abm"])

    def test_object_file(self) -> None:
        self.library(AVX2, LZCNT, "-mavx2", "-mlzcnt")
        both = self.dir / "both.o"
        run("ld", "-r", self.dir / "operation.c.o", self.dir / "code.c.o", "-o", both)
        found = self.one(both)
        self.assertEqual((found["function"], found["missing"]), ("it", ["abm"]))

    def test_what_comes_after_a_call_that_never_returns_is_not_the_variants(self) -> None:
        code = """
	.text
	.globl it
	.type it, @function
it:
	testl %edi, %edi
	jz 1f
	ret
1:	call abort@PLT
	.size it, . - it
	.type other, @function
other:
	vpopcntd %zmm0, %zmm1
	ret
	.size other, . - other
	.section .note.GNU-stack,"",@progbits
"""
        self.fine(self.library("ISAHP_SET_NONE", code, suffix=".s"), "--strict")

    def test_bytes_that_are_no_instruction(self) -> None:
        code = "\t.globl it\n\t.type it, @function\nit:\n\t.byte 0x06\n\tret\n\t.size it, .-it\n"
        self.assertEqual(self.one(self.library(AVX2, code, suffix=".s"))["kind"],
                         "unknown-instruction")


class TzcntIsRepBsf(Case):
    CODE = "int it(int n, int *p, int (*f)(int)) { (void)f; return __builtin_ctz(n + *p); }"

    def test_tzcnt_in_an_avx2_build(self) -> None:
        path = self.library(AVX2, self.CODE, "-mavx2", "-mbmi")
        found = self.one(path)
        self.assertEqual(found["missing"], ["bmi1"])
        self.assertIn(int(found["address"], 16), addresses(path, "tzcnt"))
        self.fine(path, "--rep-bsf")

    def test_where_the_source_is_not_zero_it_is_the_same(self) -> None:
        """Built for x86-64's base, compilers write REP BSF for __builtin_ctz."""
        loop = """
int it(int n, int *p, int (*f)(int))
{
	unsigned %(long)s m = n; int sum = 0; (void)f;
	for (; m; m &= m - 1)
		sum += p[__builtin_ctz%(l)s(m)];
	return sum;
}
"""
        once = """
int it(int n, int *p, int (*f)(int)) { (void)p; (void)f; return n ? __builtin_ctz(n) * 3 : 7; }
"""
        for compiler in filter(has, ("gcc", "clang")):
            for code in (loop % {"long": "", "l": ""}, loop % {"long": "long", "l": "l"}, once):
                with self.subTest(f"{compiler} {code}"):
                    path = self.library("ISAHP_SET_NONE", code, compiler=compiler)
                    if compiler == "gcc":       # clang 14 writes BSF
                        self.assertTrue(addresses(path, "tzcnt"), "no rep bsf made")
                    self.fine(path, "--strict")

    def silent(self, code: str) -> None:
        code = f"\t.globl it\n\t.type it, @function\nit:\n{code}\tret\n\t.size it, .-it\n"
        self.assertEqual(self.one(self.library(AVX2, code, suffix=".s"))["missing"], ["bmi1"])

    def test_where_it_may_be_zero_it_is_not(self) -> None:
        for what, code in {
            "not tested": "tzcnt %edi, %eax\n",
            "the other branch": "test %edi, %edi\njne 1f\ntzcnt %edi, %eax\n1:",
            "one path of two": "test %edi, %edi\njne 1f\ntest %esi, %esi\n"
                               "jz 1f\nnop\n1:tzcnt %edi, %eax\n",
            "written since": "test %edi, %edi\njz 1f\nshrl $1, %edi\ntzcnt %edi, %eax\n1:",
            "another register": "test %esi, %esi\njz 1f\ntzcnt %edi, %eax\n1:",
            "a call since": "test %edi, %edi\njz 1f\ncall 2f\ntzcnt %edi, %eax\n1:ret\n2:",
            "upper half only": "test %rdi, %rdi\njz 1f\ntzcnt %edi, %eax\n1:",
            "flags of another": "test %edi, %edi\ncmp $3, %esi\njz 1f\ntzcnt %edi, %eax\n1:",
            "carry is used": "test %edi, %edi\njz 1f\ntzcnt %edi, %eax\nadcl $0, %eax\n1:",
            "of memory": "tzcnt (%rsi), %eax\n",
        }.items():
            with self.subTest(what):
                self.silent(code)

    def test_bsf_is_fine(self) -> None:
        code = "\t.globl it\n\t.type it, @function\nit:\n\tbsf %edi, %eax\n\tret\n\t.size it, .-it\n"
        self.fine(self.library(AVX2, code, suffix=".s"))


class UpperHalves(Case):
    def wide(self, middle: str, end: str):
        return self.library(AVX2, WIDE % (middle, end), suffix=".s")

    def dirty(self, path, mnemonic: str = "ret") -> None:
        found = self.one(path)
        self.assertEqual(found["kind"], "dirty-upper-halves")
        self.assertEqual(found["function"], "it")
        self.assertIn(int(found["address"], 16), addresses(path, mnemonic))
        self.assertEqual(found["offset"], int(found["address"], 16) - symbol(path, "it"))
        self.assertEqual(found["since"]["offset"], 0)

    def test_left_in_use(self) -> None:
        self.dirty(self.wide("", ""))

    def test_cleaned(self) -> None:
        for clean in ("vzeroupper", "vzeroall"):
            self.fine(self.wide("", clean))

    def test_dirtied_again_after_cleaning(self) -> None:
        found = self.one(self.wide("vzeroupper", "vpaddd %ymm0, %ymm1, %ymm1"))
        self.assertEqual(found["kind"], "dirty-upper-halves")
        self.assertGreater(found["since"]["offset"], 0)

    def test_one_path_of_two_not_cleaned(self) -> None:
        self.dirty(self.wide("testl %edi, %edi\n\tjz 1f", "vzeroupper\n1:"))
        self.fine(self.wide("testl %edi, %edi\n\tjz 1f", "1:\tvzeroupper"))

    def test_tail_jump_out(self) -> None:
        self.dirty(self.wide("jmp abort@PLT", ""), "jmp +[0-9a-f]+ <abort@plt")
        self.fine(self.wide("vzeroupper\n\tjmp abort@PLT", ""))

    def test_a_callee_that_cleans(self) -> None:
        callee = "call clean\n\txorl %eax, %eax\n\tret\n\t.type clean, @function\nclean:"
        self.fine(self.wide(callee, "vzeroupper"))
        self.dirty(self.wide(callee, ""))

    def test_a_callee_that_dirties(self) -> None:
        callee = "vzeroupper\n\tcall dirt\n\tret\n\t.type dirt, @function\ndirt:\n" \
                 "\tvpaddd %ymm0, %ymm0, %ymm0"
        found = self.one(self.wide(callee, ""))
        self.assertEqual((found["kind"], found["function"]), ("dirty-upper-halves", "it"))

    def test_a_function_that_calls_thousands(self) -> None:
        count = 20000
        code = "\n".join(["\t.text", "\t.globl it", "\t.type it, @function", "it:",
                          *(f"\tcall f{i}" for i in range(count)),
                          "\tvpxor %ymm0, %ymm0, %ymm0", "\tret", "\t.size it, . - it",
                          *(f"\t.type f{i}, @function\nf{i}:\tret\n\t.size f{i}, . - f{i}"
                            for i in range(count)),
                          '\t.section .note.GNU-stack,"",@progbits\n'])
        found = self.one(self.library(AVX2, code, suffix=".s"))
        self.assertEqual(found["kind"], "dirty-upper-halves")
        self.assertEqual(found["since"]["offset"], 5 * count)

    def test_recursion_ends(self) -> None:
        again = ".hidden it\n\tdecl %edi\n\tjz 1f\n\tcall it\n1:"
        self.dirty(self.wide(again, ""))
        self.fine(self.wide(again, "vzeroupper"))

    def test_xmm_and_zmm16_leave_none(self) -> None:
        code = WIDE.replace("ymm", "xmm") % ("", "")
        self.fine(self.library("ISAHP_SET(AVX)", code, suffix=".s"))
        code = WIDE.replace("ymm0", "zmm17").replace("vpxor", "vpxord") % ("", "")
        code = code.replace("vmovdqu ", "vmovdqu32 ")
        self.fine(self.library("ISAHP_SET(AVX512F)", code, suffix=".s"))


class Rest(Case):
    CODE = """
int it(int n, int *p, int (*f)(int)) { (void)f; return n + !p; }
int other(int n);
int other(int n) { return n * 3; }
__attribute__((constructor)) static void early(void)
{
	extern volatile int seen __attribute__((visibility("hidden")));
	seen = __builtin_clz(seen);
}
volatile int seen __attribute__((visibility("hidden")));
"""

    def test_constructor_that_was_compiled_with_a_variants_flags(self) -> None:
        path = self.library("ISAHP_SET(ABM)", self.CODE, "-mlzcnt")
        self.fine(path, "--strict")
        status, out, _ = self.isahp("check", "--rest", path)
        self.assertEqual(status, 1)
        where = addresses(path, "lzcnt")[0]
        self.assertRegex(out, rf"outside of all variants: early\+0x\w+ \(0x{where:x}\): "
                              r"lzcnt .*: abm\n")
        self.assertIn("1 findings", out)
        run("strip", path)
        self.assertEqual(self.isahp("check", "--rest", path)[0], 1)

    def test_without_them_it_is_fine(self) -> None:
        self.fine(self.library("ISAHP_SET(ABM)", self.CODE), "--strict", "--rest")


class NotFollowed(Case):
    def warned(self, path, kind: str, name: str | None = None) -> None:
        found = self.one(path, code=0)
        self.assertTrue(found["warning"])
        self.assertEqual(found["kind"], kind)
        self.assertEqual(found.get("name"), name)
        self.assertFalse(self.one(path, "--strict", code=1)["warning"])
        if name:
            self.fine(path, "--strict", "--trust", name)

    def test_call_of_another_object(self) -> None:
        code = """
int puts(const char *);
int it(int n, int *p, int (*f)(int)) { (void)p; (void)f; return n + puts("x"); }
"""
        self.warned(self.library(AVX2, code), "external", "puts")
        self.warned(self.library(AVX2, code, "-fno-plt"), "external", "puts")

    def test_tail_call_of_another_object(self) -> None:
        code = """
int puts(const char *);
int it(int n, int *p, int (*f)(int)) { (void)n; (void)p; (void)f; return puts("x"); }
"""
        self.warned(self.library(AVX2, code), "external", "puts")

    def test_call_through_a_pointer(self) -> None:
        code = "int it(int n, int *p, int (*f)(int)) { return f(n) + *p; }"
        self.warned(self.library(AVX2, code), "indirect-call")

    def test_weak_function_that_is_not_there(self) -> None:
        code = """
__attribute__((weak)) int maybe(int);
int it(int n, int *p, int (*f)(int)) { (void)p; (void)f; return maybe ? maybe(n) + 1 : 2; }
"""
        one = self.write("one.c", OPERATION % AVX2)
        two = self.write("two.c", code + "int main(void) { return 0; }\n")
        path = self.dir / "static"
        run("gcc", "-O2", "-static", "-fno-pic", "-Wl,--unresolved-symbols=ignore-all", *INCLUDES,
            one, two, "-o", path)
        self.assertEqual(self.one(path, code=0)["kind"], "outside")

    def test_jump_through_a_pointer(self) -> None:
        code = "int it(int n, int *p, int (*f)(int)) { (void)p; return f(n); }"
        self.warned(self.library(AVX2, code), "indirect-jump")

    def test_pointer_that_a_program_may_change(self) -> None:
        code = """
static int one(int n) { return n + 1; }
int (*hook)(int) __attribute__((visibility("hidden"))) = one;
int it(int n, int *p, int (*f)(int)) { (void)f; return hook(n) + *p; }
"""
        self.warned(self.library(AVX2, code), "indirect-call")

    def test_function_of_its_own_that_is_looked_up_by_name(self) -> None:
        code = """
int other(int n) { return __builtin_clz(n); }
int it(int n, int *p, int (*f)(int)) { (void)f; return other(n) + *p; }
"""
        path = self.library(AVX2, code, "-mlzcnt", "-fsemantic-interposition", "-fno-inline",
                            "-fno-ipa-cp", "-O1")
        kinds = {f["kind"] for f in self.check(path, code=1)}
        self.assertEqual(kinds, {"interposable", "undeclared-feature"})

    def test_ifunc(self) -> None:
        code = """
static int one(int n) { return n + 1; }
static int (*resolve(void))(int) { return one; }
__attribute__((visibility("hidden"), ifunc("resolve"))) int chosen(int);
int it(int n, int *p, int (*f)(int)) { (void)f; return chosen(n) + *p; }
"""
        found = self.one(self.library(AVX2, code), code=0)
        self.assertEqual(found["kind"], "ifunc")


class Usage(Case):
    def test_exit_codes(self) -> None:
        text = self.write("text", "not ELF")
        empty = self.write("empty", "")
        for words in ([], ["nonsense"], ["check"], ["show"], ["check", "--nonsense", text],
                      ["check", self.dir / "missing"], ["check", text], ["check", empty],
                      ["check", self.dir], ["show", "/dev/null"]):
            with self.subTest(words):
                status, out, err = self.isahp(*words)
                self.assertEqual((status, out), (2, ""))
                self.assertTrue(err)

    def test_file_without_operations(self) -> None:
        path = self.dir / "none.so"
        run("gcc", "-shared", "-fPIC", self.write("n.c", "int n;"), "-o", path)
        self.assertEqual(self.isahp("check", path)[0], 2)
        self.assertEqual(self.isahp("show", path)[0], 0)

    def test_help(self) -> None:
        status, out, _ = self.isahp("--help")
        self.assertEqual(status, 0)
        self.assertIn("Usage: isahp show", out)

    def test_worst_of_several_files(self) -> None:
        good = self.library(AVX2, LZCNT, "-mavx2")
        kept = good.rename(self.dir / "good.so")
        bad = self.library(AVX2, LZCNT, "-mlzcnt")
        self.assertEqual(self.isahp("check", kept)[0], 0)
        self.assertEqual(self.isahp("check", bad, kept)[0], 1)
        self.assertEqual(self.isahp("check", bad, self.dir / "missing", kept)[0], 2)

    def test_text_names_function_offset_address_instruction_and_feature(self) -> None:
        path = self.library(AVX2, LZCNT.replace("return", 'asm(".skip 40, 0x90"); return'),
                            "-mlzcnt")
        at = addresses(path, "lzcnt")[0]
        offset = at - symbol(path, "it")
        _, out, _ = self.isahp("check", path)
        self.assertRegex(out, rf"op\[it\]: it\+0x{offset:x} \(0x{at:x}\): lzcnt .*: abm\n")

    def test_no_variant_that_needs_nothing(self) -> None:
        source = self.write("a.c", """
#include <isahp/isahp.h>
int it(int);
int it(int n) { return n; }
ISAHP_OPERATION_DECLARE(op, int, (int n), (n))
ISAHP_OPERATION_DEFINE(op, ISAHP_VARIANT("it", it, 1, ISAHP_SET(AVX)));
""")
        path = self.dir / "a.so"
        run("gcc", *INCLUDES, *SHARED, source, *LINK, "-o", path)
        status, out, _ = self.isahp("check", path)
        self.assertEqual(status, 1)
        self.assertIn("no variant that needs nothing", out)


if __name__ == "__main__":
    unittest.main()
