#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write hypervisor-shim/policy/model.def: the CPU models that QEMU names.

Usage: cpu_models.py [--libvirt DIR] [--output FILE] QEMU...

Each QEMU is a qemu-system-x86_64, the oldest first; a model's row says which of
them was the first to know it, and the last one's definition is taken. DIR is
libvirt's cpu_map (in Debian: libvirt-common, libvirt-daemon-driver-qemu), for the
names that libvirt has for the same models. No guest runs: each model is
expanded (query-cpu-model-expansion), then asked of a machine that is never
started, as CPUID words: what it has (feature-words) and what TCG would take from
it (filtered-features).
"""

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
OUTPUT = TOP / "hypervisor-shim/policy/model.def"

# In the order of enum isahp_word (policy/model.h).
WORDS = [
    (1, 0, "ECX"), (1, 0, "EDX"), (6, 0, "ECX"),
    (7, 0, "EBX"), (7, 0, "ECX"), (7, 0, "EDX"), (7, 1, "EAX"), (7, 1, "EDX"),
    (0xD, 1, "EAX"), (0x19, 0, "EBX"), (0x1E, 1, "EAX"),
    (0x80000001, 0, "ECX"), (0x80000001, 0, "EDX"), (0x80000007, 0, "EDX"),
    (0x80000008, 0, "EBX"), (0x80000021, 0, "EAX"),
]
VENDORS = {"GenuineIntel": "INTEL", "AuthenticAMD": "AMD", "HygonGenuine": "HYGON",
           "CentaurHauls": "ZHAOXIN", "  Shanghai  ": "ZHAOXIN"}
# What TCG's CPU itself adds to every model and takes from every model.
HYPERVISOR = (1, 0, "ECX"), 1 << 31
VME = (1, 0, "EDX"), 1 << 1
# No CPUs of anybody's: they follow the host, or QEMU's own taste.
NOT_MODELS = re.compile(r"^(max|host|base|qemu(32|64).*)$")


def qmp(qemu: str, options: list[str], commands: list[tuple[str, dict]]) -> list:
    """Start a QEMU, ask it COMMANDS, end it; the answers in their order."""
    lines = [{"execute": "qmp_capabilities"}]
    lines += [{"execute": name, "arguments": arguments} for name, arguments in commands]
    lines.append({"execute": "quit"})
    binary = Path(qemu).resolve()
    environment = dict(os.environ)
    modules = binary.parents[1] / "lib/x86_64-linux-gnu/qemu"
    if modules.is_dir():
        environment["QEMU_MODULE_DIR"] = str(modules)
    data = binary.parents[1] / "share/qemu"
    if data.is_dir():
        options = ["-L", str(data), *options]
    done = subprocess.run(
        [str(binary), "-accel", "tcg", "-display", "none", "-nodefaults", "-S",
         "-qmp", "stdio", *options],
        input="\n".join(map(json.dumps, lines)), text=True, capture_output=True,
        timeout=60, check=False)
    answers = []
    for line in done.stdout.splitlines():
        answer = json.loads(line)
        if "error" in answer:
            sys.exit(f"{qemu}: {answer['error']['desc']}")
        if "return" in answer:
            answers.append(answer["return"])
    if len(answers) != len(lines):
        sys.exit(f"{qemu}: {done.stderr.strip()}")
    return answers[1:-1]


def version(qemu: str) -> str:
    info = qmp(qemu, ["-machine", "none"], [("query-version", {})])[0]["qemu"]
    return f"{info['major']}.{info['minor']}.{info['micro']}"


def by_coordinates(answer: list) -> dict:
    return {(word["cpuid-input-eax"], word.get("cpuid-input-ecx", 0),
             word["cpuid-register"]): word["features"] for word in answer}


def words_of(qemu: str, model: str) -> list[int]:
    cpu = {"path": "/machine/unattached/device[0]"}
    kept, filtered = map(by_coordinates, qmp(
        qemu, ["-machine", "pc", "-m", "16", "-cpu", model],
        [("qom-get", cpu | {"property": "feature-words"}),
         ("qom-get", cpu | {"property": "filtered-features"})]))
    words = {at: kept.get(at, 0) | filtered.get(at, 0) for at in WORDS}
    words[HYPERVISOR[0]] &= ~HYPERVISOR[1]
    words[VME[0]] |= VME[1]
    return [words[at] for at in WORDS]


def models_of(qemu: str) -> dict:
    """By name: aliases, properties and words."""
    (definitions,) = qmp(qemu, ["-machine", "none"], [("query-cpu-definitions", {})])
    names = [d["name"] for d in definitions
             if "alias-of" not in d and not NOT_MODELS.match(d["name"])]
    expanded = qmp(qemu, ["-machine", "none"], [
        ("query-cpu-model-expansion", {"type": "full", "model": {"name": name}})
        for name in names])
    models = {}
    for name, answer in zip(names, expanded):
        aliases = [d["name"] for d in definitions if d.get("alias-of") == name]
        if name.endswith("-v1"):
            aliases.append(name.removesuffix("-v1"))
        models[name] = {"aliases": sorted(set(aliases), key=len),
                        "props": answer["model"]["props"],
                        "words": words_of(qemu, name)}
    return models


def row(name: str, model: dict, since: str, libvirt: set[str]) -> str:
    props = model["props"]
    alias = next((a for a in model["aliases"] if a in libvirt),
                 name if name in libvirt else "")
    title = " ".join(re.sub(r'[\\"]', "", props["model-id"]).split()) or name
    words = [f"0x{w:08x}" for w in model["words"]]
    half = len(words) // 2
    return (f'X("{name}", "{alias}", "{since}", {VENDORS[props["vendor"]]}, {props["family"]}, '
            f'{props["model"]}, {props["stepping"]},\n  "{title}",\n'
            f"  {', '.join(words[:half])},\n  {', '.join(words[half:])})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--libvirt", type=Path, help="libvirt's cpu_map")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("qemu", nargs="+", metavar="QEMU")
    options = parser.parse_args()

    libvirt = set()
    if options.libvirt:
        libvirt = {p.stem.removeprefix("x86_") for p in options.libvirt.glob("x86_*.xml")}
    models, since, versions = {}, {}, []
    for qemu in options.qemu:
        versions.append(version(qemu))
        for name, model in models_of(qemu).items():
            if name in models and models[name]["words"] != model["words"]:
                print(f"{name}: {versions[-1]} says otherwise than its predecessor",
                      file=sys.stderr)
            models[name] = model
            since.setdefault(name, versions[-1])
    rows = [row(name, models[name], ".".join(since[name].split(".")[:2]), libvirt)
            for name in sorted(models, key=str.lower)]
    options.output.write_text(
        "/* SPDX-License-Identifier: GPL-2.0-or-later */\n"
        "/*\n * Written by tools/cpu_models.py: do not edit.\n *\n"
        f" * The CPU models of QEMU {' and '.join(versions)}, and libvirt's names for them.\n"
        " *\n * X(name, libvirt, since, vendor, family, model, stepping, title, words of CPUID\n"
        " *   in the order of enum isahp_word)\n */\n"
        + "\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
