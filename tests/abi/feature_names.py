#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check the feature table's names and coordinates against those who coined them.

Usage: feature_names.py kernel|qemu|libvirt FEATURE_TABLE

kernel: arch/x86/include/asm/cpufeatures.h of the installed kernel headers.
qemu: what `qemu-system-x86_64 -cpu help` recognises.
libvirt: cpu_map/x86_features.xml, where libvirt is installed.
"""

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import NamedTuple


class Feature(NamedTuple):
    number: int
    flag: str
    leaf: int
    subleaf: int
    register: str
    bit: int
    qemu: str
    libvirt: str


def read_table(program: str) -> list[Feature]:
    rows = []
    for line in subprocess.run([program], capture_output=True, text=True,
                               check=True).stdout.splitlines():
        number, flag, leaf, subleaf, register, bit, qemu, libvirt, _ = line.split("\t")
        rows.append(Feature(int(number), flag, int(leaf, 16), int(subleaf), register,
                            int(bit), qemu, libvirt))
    return rows


# The kernel's capability words that are CPUID registers, by number.
KERNEL_WORDS = {
    1: (0x80000001, 0, "EDX"), 4: (1, 0, "ECX"), 6: (0x80000001, 0, "ECX"),
    9: (7, 0, "EBX"), 10: (0xd, 1, "EAX"), 12: (7, 1, "EAX"), 13: (0x80000008, 0, "EBX"),
    16: (7, 0, "ECX"), 18: (7, 0, "EDX"),
}
DEFINE = re.compile(r'#define X86_FEATURE_(\w+)\s+\(\s*(\d+)\s*\*\s*32\s*\+\s*(\d+)\)'
                    r'(?:\s*/\*\s*(?:"([^"]*)")?)?')


def kernel_flags() -> dict[tuple, str]:
    """(leaf, subleaf, register, bit) -> flag name, "" where the kernel hides it."""
    headers = sorted(Path("/usr/src").glob("linux-headers-*-common"))
    if not headers:
        sys.exit("no kernel headers under /usr/src: ./dev setup installs them")
    text = (headers[-1] / "arch/x86/include/asm/cpufeatures.h").read_text()
    flags = {}
    for symbol, word, bit, name in DEFINE.findall(text):
        if int(word) in KERNEL_WORDS:
            hidden = f'X86_FEATURE_{symbol}' in text and re.search(
                rf'X86_FEATURE_{symbol}\s.*/\* ""', text)
            flags[(*KERNEL_WORDS[int(word)], int(bit))] = \
                "" if hidden else (name or symbol.lower())
    return flags


def check_kernel(table: list[Feature]) -> list[str]:
    flags = kernel_flags()
    where = {name: at for at, name in flags.items() if name}
    bad, compared = [], 0
    for f in table:
        at = (f.leaf, f.subleaf, f.register, f.bit)
        if flags.get(at):
            compared += 1
            if flags[at] != f.flag:
                bad.append(f"{f.flag}: the kernel calls {at} {flags[at]}")
        if where.get(f.flag, at) != at:
            bad.append(f"{f.flag}: the kernel has it at {where[f.flag]}, the table at {at}")
    print(f"{compared} of {len(table)} rows are named by this kernel")
    return bad if compared > 60 else [*bad, "too few names matched: was the header parsed?"]


# Spelled so by QEMU releases newer than Debian 12's 7.2.
QEMU_SINCE_8 = {"cmpccxadd", "amx-fp16", "avx-ifma", "avx-vnni-int8", "avx-ne-convert",
                "amx-complex", "avx-vnni-int16", "prefetchiti", "avx10"}


def check_qemu(table: list[Feature]) -> list[str]:
    text = subprocess.run(["qemu-system-x86_64", "-cpu", "help"], capture_output=True,
                          text=True, check=True).stdout
    known = set(text.split("Recognized CPUID flags:")[1].split())
    bad = [f"{f.flag}: QEMU does not know '{f.qemu}'" for f in table
           if f.qemu and f.qemu not in known | QEMU_SINCE_8]
    bad += [f"{f.flag}: QEMU knows it, the table says it does not" for f in table
            if not f.qemu and f.flag.replace("_", "-") in known]
    print(f"{sum(f.qemu in known for f in table)} names are QEMU's")
    return bad


def check_libvirt(table: list[Feature]) -> list[str]:
    path = Path("/usr/share/libvirt/cpu_map/x86_features.xml")
    if not path.exists():
        print(f"{path} is not there: libvirt-daemon is not installed")
        sys.exit(77)
    where = {}
    for feature in ElementTree.parse(path).getroot().iter("feature"):
        cpuid = feature.find("cpuid")
        if cpuid is None:
            continue
        for register in ("eax", "ebx", "ecx", "edx"):
            mask = int(cpuid.get(register, "0"), 16)
            if mask and mask & (mask - 1) == 0:
                where[feature.get("name")] = (int(cpuid.get("eax_in"), 16),
                                              int(cpuid.get("ecx_in", "0"), 16),
                                              register.upper(), mask.bit_length() - 1)
    bad = []
    for f in table:
        at = (f.leaf, f.subleaf, f.register, f.bit)
        if f.libvirt and where.get(f.libvirt) != at:
            bad.append(f"{f.flag}: libvirt's '{f.libvirt}' is {where.get(f.libvirt)}, not {at}")
        if not f.libvirt and at in where.values():
            bad.append(f"{f.flag}: libvirt knows {at}, the table says it does not")
    return bad


def main() -> int:
    if len(sys.argv) != 3 or sys.argv[1] not in ("kernel", "qemu", "libvirt"):
        print(__doc__, file=sys.stderr)
        return 2
    check = {"kernel": check_kernel, "qemu": check_qemu, "libvirt": check_libvirt}[sys.argv[1]]
    bad = check(read_table(sys.argv[2]))
    print("\n".join(bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
