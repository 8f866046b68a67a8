#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write the tables of names that imports understand.

flags.def: what Linux, QEMU and libvirt call each bit of CPUID and of the MSRs
that tell of a CPU. libvirt_models.def: what libvirt's CPU models have, in each
of its versions. Facts, taken from

  --linux FILE    arch/x86/include/asm/cpufeatures.h; may be repeated: names that
                  newer kernels do not show any more are taken from older ones
  --scattered FILE  arch/x86/kernel/cpu/scattered.c
  --qemu FILE     target/i386/cpu.c
  --libvirt DIR   src/cpu_map

A bit of which two of them differ, by the name that they share, is an error.
"""

import argparse
import pathlib
import re
import sys
import xml.etree.ElementTree as ET

REGISTERS = ["EAX", "EBX", "ECX", "EDX"]
# Words of cpufeatures.h that are a register; the others are Linux's own.
LINUX_WORDS = {
    0: (0x1, 0, "EDX"), 1: (0x80000001, 0, "EDX"), 4: (0x1, 0, "ECX"),
    5: (0xc0000001, 0, "EDX"), 6: (0x80000001, 0, "ECX"), 9: (0x7, 0, "EBX"),
    10: (0xd, 1, "EAX"), 12: (0x7, 1, "EAX"), 13: (0x80000008, 0, "EBX"),
    14: (0x6, 0, "EAX"), 15: (0x8000000a, 0, "EDX"), 16: (0x7, 0, "ECX"),
    17: (0x80000007, 0, "EBX"), 18: (0x7, 0, "EDX"), 19: (0x8000001f, 0, "EAX"),
    20: (0x80000021, 0, "EAX"),
}
# Two CPUs' bits make the one flag: the flag does not tell which.
LINUX_AMBIGUOUS = {"mba", "ibrs", "ibpb", "stibp", "ssbd"}
# The kernel sets these by what it has decided, not by the bit.
LINUX_DECIDED = {"user_shstk"}
MSR_PREFIX = "msr"
# Of VMX's, libvirt tells the numbers.
QEMU_MSRS = {"MSR_IA32_ARCH_CAPABILITIES": 0x10a, "MSR_IA32_CORE_CAPABILITY": 0xcf}


def linux_names(headers, scattered):
    """{bit: [names]}, newest first."""
    names, symbols = {}, {}
    for header in headers:
        new_form = '"fpu"' in header.read_text()
        for symbol, word, bit, comment in re.findall(
                r"^#define X86_FEATURE_(\w+)\s+\(\s*(\d+)\*32\+\s*(\d+)\)\s*/\*\s*(.*)",
                header.read_text(), re.M):
            quoted = re.match(r'"([^"]*)"', comment)
            name = quoted[1] if quoted else "" if new_form else symbol.lower()
            if name:
                symbols[symbol] = name
            if int(word) in LINUX_WORDS and name and name not in LINUX_AMBIGUOUS:
                at = (*LINUX_WORDS[int(word)], int(bit))
                if name not in names.setdefault(at, []):
                    names[at].append(name)
    for symbol, register, bit, leaf, subleaf in re.findall(
            r"X86_FEATURE_(\w+),\s*CPUID_(\w+),\s*(\d+),\s*(\w+),\s*(\d+)",
            scattered.read_text()):
        name = symbols.get(symbol)
        if name and name not in LINUX_AMBIGUOUS:
            names.setdefault((int(leaf, 16), int(subleaf), register, int(bit)), []).append(name)
    return names


def qemu_word(entry):
    """Where a word of QEMU's table is, as a function of the bit; None: nowhere."""
    msr = re.search(r"\.msr = \{\s*\.index = (\w+)", entry)
    if msr and msr[1] in QEMU_MSRS:
        return lambda bit: (MSR_PREFIX, QEMU_MSRS[msr[1]], bit)
    cpuid = re.search(r"\.cpuid = \{(.*?)\}", entry, re.S)
    leaf = cpuid and re.search(r"\.eax = (\w+)", cpuid[1])[1]
    if not leaf or not leaf[0].isdigit() or int(leaf, 0) >> 16 == 0x4000:
        return None  # KVM's and Hyper-V's
    subleaf = re.search(r"\.ecx = (\w+)", cpuid[1])
    register = re.search(r"\.reg = R_(\w+)", cpuid[1])[1]
    return lambda bit: (int(leaf, 0), int(subleaf[1], 0) if subleaf else 0, register, bit)


def qemu_names(source):
    """{bit: name}"""
    names = {}
    text = source.read_text()
    table = text[text.index("feature_word_info[FEATURE_WORDS] = {"):]
    table = table[:table.index("\n};")]
    for entry in re.split(r"\n    \[FEAT_", table)[1:]:
        where = qemu_word(entry)
        found = re.search(r"\.feat_names = \{(.*?)\}", entry, re.S)
        if not where or not found:
            continue
        body = re.sub(r"/\*.*?\*/", "", found[1], flags=re.S)
        bit = 0
        for item in filter(None, (x.strip() for x in body.split(","))):
            at = re.match(r"\[(\d+)\]\s*=\s*(.*)", item)
            if at:
                bit, item = int(at[1]), at[2]
            if item != "NULL":
                names[where(bit)] = item.strip('"')
            bit += 1
    return names


def libvirt_names(directory):
    """{bit: (name, [QEMU's])}; an MSR's bit is ("msr", number, bit)."""
    names = {}
    for feature in ET.parse(directory / "x86_features.xml").getroot().iter("feature"):
        name = feature.get("name")
        aliases = [a.get("name") for a in feature.findall("alias")
                   if a.get("source") == "qemu"]
        for cpuid in feature.findall("cpuid"):
            leaf = int(cpuid.get("eax_in"), 16)
            subleaf = int(cpuid.get("ecx_in", "0"), 16)
            for register in REGISTERS:
                value = int(cpuid.get(register.lower(), "0"), 16)
                if value and not 0x40000000 <= leaf < 0x40010000:
                    at = (leaf, subleaf, register, value.bit_length() - 1)
                    names[at] = (name, aliases)
        for msr in feature.findall("msr"):
            value = int(msr.get("edx", "0"), 16) << 32 | int(msr.get("eax", "0"), 16)
            at = (MSR_PREFIX, int(msr.get("index"), 16), value.bit_length() - 1)
            names[at] = (name, aliases)
    return names


def check(tables):
    """The same name for two bits is a mistake of this script or of a source."""
    where = {}
    for table in tables:
        own = {}
        for at, names in table.items():
            for name in names:
                if own.setdefault(name, at) != at:
                    sys.exit(f"{name}: {own[name]} and {at} in one source")
        for name, at in own.items():
            if where.setdefault(name, at) != at:
                sys.exit(f"{name}: {where[name]} and {at}")


def order(at):
    return (1, at[1], 0, at[2]) if at[0] == MSR_PREFIX else \
        (0, at[0], at[1] << 8 | REGISTERS.index(at[2]), at[3])


def flag_rows(linux, qemu, libvirt):
    """One row for each spelling that some source has for a bit."""
    for at in sorted(set(linux) | set(qemu) | set(libvirt), key=order):
        ours = libvirt.get(at, ("", []))
        kinds = [linux.get(at, []),
                 [qemu[at]] if at in qemu else ours[1][:1] or [ours[0]] if ours[0] else [],
                 [ours[0]] if ours[0] else []]
        for i in range(max(map(len, kinds))):
            yield at, [k[i] if i < len(k) else "" for k in kinds]


def write_flags(out, origin, rows):
    with open(out, "w", encoding="utf-8") as to:
        to.write(f"""/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What others call each bit: tools/cpu_flags.py's output, from
 * {origin}.
 *
 * CPUID_FLAG(leaf, subleaf, register, bit, linux, qemu, libvirt)
 * MSR_FLAG(number, bit, linux, qemu, libvirt)
 * "" where a program has no name for it.
 */
""")
        for at, names in rows:
            shown = ", ".join(f'"{n}"' for n in names)
            if at[0] == MSR_PREFIX:
                to.write(f"MSR_FLAG({at[1]:#x}, {at[2]}, {shown})\n")
            else:
                to.write(f"CPUID_FLAG({at[0]:#x}, {at[1]}, {at[2]}, {at[3]}, {shown})\n")


def models(directory):
    """{name: (vendor, features)}, what is made of another one resolved."""
    raw = {}
    for path in sorted(directory.glob("x86_*.xml")):
        for model in ET.parse(path).getroot().findall("model"):
            raw[model.get("name")] = model
    done = {}

    def resolve(name):
        if name not in done:
            vendor, features = "", set()
            base = raw[name].find("model")
            if base is not None:
                vendor, features = resolve(base.get("name"))
            own = raw[name].find("vendor")
            # What libvirt added later, of an older libvirt's file the name does not say.
            features = features | {f.get("name") for f in raw[name].findall("feature")
                                   if f.get("removed") != "yes" and f.get("added") != "yes"}
            features -= {f.get("name") for f in raw[name].findall("feature")
                         if f.get("removed") == "yes"}
            done[name] = (own.get("name") if own is not None else vendor, features)
        return done[name]

    for name in raw:
        resolve(name)
    return done


def write_models(out, origin, every):
    """Each by what it has more and less than the nearest one before it."""
    with open(out, "w", encoding="utf-8") as to:
        to.write(f"""/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libvirt's CPU models have: tools/cpu_flags.py's output, from
 * {origin}.
 *
 * LIBVIRT_MODEL(name, vendor, base, features): those of the model `base`, which
 * stands above, with +NAME and without -NAME.
 */
""")
        written = []
        for name, (vendor, features) in sorted(every.items(), key=lambda m: (len(m[1][1]), m[0])):
            base = min(written, key=lambda w: len(every[w][1] ^ features), default="")
            if not base or len(every[base][1] ^ features) >= len(features):
                base = ""
            had = every[base][1] if base else set()
            words = [f"+{f}" for f in sorted(features - had)] + \
                    [f"-{f}" for f in sorted(had - features)]
            lines, line = [], ""
            for word in words:
                if len(line) + len(word) > 80:
                    lines.append(line)
                    line = ""
                line += word + " "
            lines.append(line)
            text = "\n".join(f'\t"{x}"' for x in lines)
            to.write(f'LIBVIRT_MODEL("{name}", "{vendor}", "{base}",\n{text})\n')
            written.append(name)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--linux", action="append", type=pathlib.Path, required=True)
    parser.add_argument("--scattered", type=pathlib.Path, required=True)
    parser.add_argument("--qemu", type=pathlib.Path, required=True)
    parser.add_argument("--libvirt", type=pathlib.Path, required=True)
    parser.add_argument("--origin", required=True, help="versions of these, to be named")
    parser.add_argument("out", type=pathlib.Path, help="hypervisor-shim/policy")
    args = parser.parse_args()

    linux = linux_names(args.linux, args.scattered)
    linux = {at: [n for n in names if n not in LINUX_DECIDED] for at, names in linux.items()}
    qemu = qemu_names(args.qemu)
    libvirt = libvirt_names(args.libvirt)
    # Linux calls bits otherwise: within a source, and between the two that agree.
    check([linux])
    check([{at: [n] for at, n in qemu.items()},
           {at: aliases for at, (_, aliases) in libvirt.items()}])
    write_flags(args.out / "flags.def", args.origin, flag_rows(linux, qemu, libvirt))
    write_models(args.out / "libvirt_models.def", args.origin, models(args.libvirt))


if __name__ == "__main__":
    main()
