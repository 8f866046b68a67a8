#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `isahp check` says an instruction needs is what the GNU assembler asks
for: with these extensions it takes the instruction, without any one of them it
does not."""

import subprocess
import unittest

from build import Case, run

#: Ours: gas'. What is not here has no switch in gas.
GAS = {
    "pni": "sse3", "ssse3": "ssse3", "sse4_1": "sse4.1", "sse4_2": "sse4.2",
    "popcnt": "popcnt", "sse4a": "sse4a", "3dnow": "3dnow", "3dnowext": "3dnowa",
    "aes": "aes", "pclmulqdq": "pclmul", "sha_ni": "sha", "gfni": "gfni", "cx16": "cx16",
    "movbe": "movbe", "abm": "lzcnt", "bmi1": "bmi", "bmi2": "bmi2", "tbm": "tbm",
    "adx": "adx", "rdrand": "rdrnd", "rdseed": "rdseed", "rdtscp": "rdtscp",
    "rdpid": "rdpid", "rdpru": "rdpru", "fsgsbase": "fsgsbase",
    "clflushopt": "clflushopt", "clwb": "clwb", "clzero": "clzero", "mwaitx": "mwaitx",
    "waitpkg": "waitpkg", "movdiri": "movdiri", "movdir64b": "movdir64b",
    "enqcmd": "enqcmd", "serialize": "serialize", "rtm": "rtm", "tsxldtrk": "tsxldtrk",
    "pku": "ospke", "mpx": "mpx", "uintr": "uintr", "xsave": "xsave", "xsavec": "xsavec",
    "xsaveopt": "xsaveopt", "xsaves": "xsaves", "lwp": "lwp", "aeskle": "kl",
    "wide_kl": "widekl", "amx_tile": "amx_tile", "amx_int8": "amx_int8",
    "amx_bf16": "amx_bf16", "avx": "avx", "f16c": "f16c", "fma": "fma", "fma4": "fma4",
    "xop": "xop", "avx2": "avx2", "vaes": "vaes", "vpclmulqdq": "vpclmulqdq",
    "avx_vnni": "avx_vnni", "avx512f": "avx512f", "avx512bw": "avx512bw",
    "avx512dq": "avx512dq", "avx512cd": "avx512cd", "avx512er": "avx512er",
    "avx512pf": "avx512pf", "avx512vl": "avx512vl", "avx512ifma": "avx512ifma",
    "avx512vbmi": "avx512vbmi", "avx512_vbmi2": "avx512_vbmi2",
    "avx512_vnni": "avx512_vnni", "avx512_bitalg": "avx512_bitalg",
    "avx512_vpopcntdq": "avx512_vpopcntdq", "avx512_vp2intersect": "avx512_vp2intersect",
    "avx512_bf16": "avx512_bf16", "avx512_fp16": "avx512_fp16",
    "avx512_4fmaps": "avx512_4fmaps", "avx512_4vnniw": "avx512_4vnniw",
    "user_shstk": "shstk",
}
#: What isahp knows without a switch in gas.
WITHOUT_SWITCH = {"lahf_lm"}

#: Instructions, AT&T syntax; all that says needs something else than the line.
INSTRUCTIONS = """
addl %eax, %ebx
bsfl %eax, %ebx
bsrl %eax, %ebx
cmovnel %eax, %ebx
addps %xmm0, %xmm1
paddq %mm0, %mm1
pmuludq %mm0, %mm1
pinsrw $1, %eax, %mm0
pinsrw $1, %eax, %xmm0
movnti %eax, (%rbx)
pause
clflush (%rax)
fxsave64 (%rax)
ldmxcsr (%rax)
prefetcht0 (%rax)
fcmovb %st(1), %st
nopw (%rax)
cmpxchg8b (%rax)
rdtsc
lddqu (%rax), %xmm0
haddps %xmm0, %xmm1
pabsb %xmm0, %xmm1
pabsb %mm0, %mm1
pshufb %xmm0, %xmm1
pmulld %xmm0, %xmm1
movntdqa (%rax), %xmm0
pcmpistri $1, %xmm0, %xmm1
pcmpgtq %xmm0, %xmm1
crc32b %al, %ebx
popcntl %eax, %ebx
extrq %xmm0, %xmm1
movntss %xmm0, (%rax)
pfadd %mm0, %mm1
pswapd %mm0, %mm1
pf2iw %mm0, %mm1
aesenc %xmm0, %xmm1
pclmulqdq $0, %xmm0, %xmm1
sha1msg1 %xmm0, %xmm1
gf2p8mulb %xmm0, %xmm1
cmpxchg16b (%rax)
lahf
movbe (%rax), %ebx
lzcntl %eax, %ebx
lzcntw %ax, %bx
lzcntq (%rax), %rbx
tzcntl %eax, %ebx
tzcntq (%rax), %rbx
andn %eax, %ebx, %ecx
blsr %eax, %ebx
bextr %eax, %ebx, %ecx
bzhi %eax, %ebx, %ecx
mulx %rax, %rbx, %rcx
pdep %rax, %rbx, %rcx
rorx $3, %rax, %rbx
shlx %rax, %rbx, %rcx
blcfill %eax, %ebx
adcx %eax, %ebx
adoxq %rax, %rbx
rdrand %eax
rdseed %eax
rdtscp
rdpid %rax
rdpru
rdfsbase %rax
clflushopt (%rax)
clwb (%rax)
clzero
mwaitx
umonitor %rax
tpause %eax
movdiri %eax, (%rbx)
movdir64b (%rax), %rbx
enqcmd (%rax), %rbx
serialize
xtest
xend
xsusldtrk
wrpkru
bndmk (%rax), %bnd0
senduipi %rax
xgetbv
xsave (%rax)
xsavec (%rax)
xsaveopt (%rax)
llwpcb %rax
aesenc128kl (%rax), %xmm0
aesencwide128kl (%rax)
ldtilecfg (%rax)
tdpbssd %tmm0, %tmm1, %tmm2
tdpbf16ps %tmm0, %tmm1, %tmm2
incsspq %rax
vaddps %xmm0, %xmm1, %xmm2
vaddps %ymm0, %ymm1, %ymm2
vaddsd %xmm0, %xmm1, %xmm2
vpaddd %xmm0, %xmm1, %xmm2
vbroadcastss (%rax), %ymm0
vpcmpistri $1, %xmm0, %xmm1
vzeroupper
vaesenc %xmm0, %xmm1, %xmm2
vpclmulqdq $0, %xmm0, %xmm1, %xmm2
vgf2p8mulb %xmm0, %xmm1, %xmm2
vgf2p8mulb %ymm0, %ymm1, %ymm2
vcvtph2ps %xmm0, %ymm1
vcvtps2ph $0, %xmm0, %xmm1
vfmadd231ps %ymm0, %ymm1, %ymm2
vfmadd231sd %xmm0, %xmm1, %xmm2
vfmaddpd %xmm0, %xmm1, %xmm2, %xmm3
vpcmov %xmm0, %xmm1, %xmm2, %xmm3
vpaddd %ymm0, %ymm1, %ymm2
vbroadcastss %xmm0, %xmm1
vpbroadcastd %xmm0, %xmm1
vpgatherdd %ymm0, (%rax,%ymm1,4), %ymm2
vpsllvd %xmm0, %xmm1, %xmm2
vmovntdqa (%rax), %ymm0
vaesenc %ymm0, %ymm1, %ymm2
vpclmulqdq $0, %ymm0, %ymm1, %ymm2
{vex} vpdpbusd %ymm0, %ymm1, %ymm2
{vex} vpdpbusd %xmm0, %xmm1, %xmm2
vaddps %zmm0, %zmm1, %zmm2
vaddps %ymm16, %ymm1, %ymm2
vaddps %xmm16, %xmm1, %xmm2
vaddss %xmm16, %xmm1, %xmm2
vaddps %ymm0, %ymm1, %ymm2{%k1}
vpternlogd $1, %zmm0, %zmm1, %zmm2
vpternlogd $1, %xmm0, %xmm1, %xmm2
vmovd %eax, %xmm16
vcvtph2ps %ymm0, %zmm1
vcvtph2ps %xmm16, %xmm1
vfmadd231ps %zmm0, %zmm1, %zmm2
vpgatherdd (%rax,%zmm1,4), %zmm2{%k1}
kmovw %k1, %k2
kmovb %k1, %k2
kmovd %k1, %k2
kmovq %k1, %k2
kaddw %k1, %k2, %k3
kunpckdq %k1, %k2, %k3
vpaddb %zmm0, %zmm1, %zmm2
vpaddb %ymm16, %ymm1, %ymm2
vpextrb $1, %xmm16, %eax
vpextrd $1, %xmm16, %eax
vextractf32x8 $1, %zmm0, %ymm1
vextractf64x4 $1, %zmm0, %ymm1
vextractf64x2 $1, %ymm0, %xmm1
vandps %zmm0, %zmm1, %zmm2
vandps %xmm16, %xmm1, %xmm2
vpmullq %zmm0, %zmm1, %zmm2
vpmullq %ymm0, %ymm1, %ymm2
vrangess $1, %xmm0, %xmm1, %xmm2
vpconflictd %zmm0, %zmm1
vplzcntd %xmm0, %xmm1
vexp2ps %zmm0, %zmm1
vrcp28ss %xmm0, %xmm1, %xmm2
vgatherpf0dps (%rax,%zmm1,4){%k1}
v4fmaddps (%rax), %zmm0, %zmm1
v4fmaddss (%rax), %xmm0, %xmm1
vp4dpwssd (%rax), %zmm0, %zmm1
vpmadd52luq %zmm0, %zmm1, %zmm2
vpmadd52luq %ymm16, %ymm1, %ymm2
vpermb %zmm0, %zmm1, %zmm2
vpermb %ymm0, %ymm1, %ymm2
vpcompressb %zmm0, %zmm1
vpshldw $1, %xmm0, %xmm1, %xmm2
vpdpbusd %zmm0, %zmm1, %zmm2
vpdpbusd %ymm16, %ymm1, %ymm2
vpopcntb %zmm0, %zmm1
vpopcntw %xmm0, %xmm1
vpopcntd %zmm0, %zmm1
vpopcntq %ymm0, %ymm1
vp2intersectd %zmm0, %zmm1, %k2
vp2intersectq %xmm0, %xmm1, %k2
vdpbf16ps %zmm0, %zmm1, %zmm2
vdpbf16ps %ymm0, %ymm1, %ymm2
vaddph %zmm0, %zmm1, %zmm2
vaddph %xmm0, %xmm1, %xmm2
vaddsh %xmm0, %xmm1, %xmm2
vmovw %eax, %xmm0
vaesenc %zmm0, %zmm1, %zmm2
vaesenc %xmm16, %xmm1, %xmm2
vpclmulqdq $0, %zmm0, %zmm1, %zmm2
vpclmulqdq $0, %ymm16, %ymm1, %ymm2
vgf2p8mulb %zmm0, %zmm1, %zmm2
vgf2p8mulb %xmm16, %xmm1, %xmm2
""".strip().splitlines()

#: Hints: NOPs where they are not known, so that nothing is missing.
HINTS = ["endbr64", "rdsspq %rax", "prefetchw (%rax)", "prefetchwt1 (%rax)",
         "cldemote (%rax)", "xacquire lock addl %eax, (%rbx)"]
#: isahp has no feature for these.
UNNAMED = ["xstore", "xcryptecb", "ptwrite %eax", "hreset $0", "mcommit"]


def assembles(line: str, extensions: set[str]) -> bool:
    march = "".join(f"+{e}" for e in sorted(extensions))
    done = subprocess.run(["as", f"-march=generic64{march}", "-o", "/dev/null", "-"],
                          input=f"{line}\n", capture_output=True, text=True)
    return done.returncode == 0


class Needs(Case):
    def asked(self, lines: list[str]) -> list[tuple[str, set[str]]]:
        """Each instruction with what isahp finds missing for a variant that
        declares nothing."""
        code = "\t.globl it\n\t.type it, @function\nit:\n"
        code += "".join(f".L{i}:\t{line}\n" for i, line in enumerate(lines))
        code += "\tret\n\t.size it, .-it\n\t.data\n"
        path = self.library("ISAHP_SET_NONE", code, suffix=".s")
        source = self.dir / "code.s"
        run("as", "-L", source, "-o", self.dir / "marks.o")
        begin = {}
        for row in run("nm", self.dir / "marks.o").splitlines():
            where, _, name = row.split()
            if name.startswith(".L"):
                begin[int(where, 16)] = int(name[2:])
        missing: list[set[str]] = [set() for _ in lines]
        for f in self.check(path, code=1):
            if f["kind"] in ("undeclared-feature", "unnamed-feature"):
                index = begin[f["offset"]]
                missing[index] |= set(f.get("missing", ["unnamed"]))
            else:
                self.assertEqual(f["kind"], "dirty-upper-halves")
        return list(zip(lines, missing))

    def test_as_gas_has_it(self) -> None:
        self.assertFalse(assembles("vaddps %ymm0, %ymm1, %ymm2", set()), "gas takes anything")
        for line, missing in self.asked(INSTRUCTIONS):
            with self.subTest(line):
                extensions = {GAS[m] for m in missing - WITHOUT_SWITCH}
                self.assertTrue(assembles(line, extensions), f"needs more than {missing}")
                for one in extensions:
                    if one == "avx512f" and "avx512vl" in extensions:
                        continue        # gas turns it on with AVX512VL
                    self.assertFalse(assembles(line, extensions - {one}),
                                     f"does not need {one} of {missing}")

    def test_fisttp_is_of_sse3(self) -> None:
        # gas has no switch for it, CPU types have it or not.
        self.assertEqual(self.asked(["fisttpll (%rax)"])[0][1], {"pni"})

    def test_hints_need_nothing(self) -> None:
        code = ["lzcnt %eax, %ebx", *HINTS]
        self.assertEqual([m for _, m in self.asked(code)], [{"abm"}] + [set()] * len(HINTS))

    def test_features_without_a_name_are_found(self) -> None:
        self.assertEqual([m for _, m in self.asked(UNNAMED)], [{"unnamed"}] * len(UNNAMED))


if __name__ == "__main__":
    unittest.main()
