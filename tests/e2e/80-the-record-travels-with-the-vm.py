#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`vm record` of a guest says what the guest and QEMU say. `vm check` of it,
against hosts as QEMU's query-cpu-model-expansion tells of them, admits where
`migrate` admits and refuses where it refuses, and a refusal has told the guest
nothing. The record travels: on the next host it has the pool, and what nobody
there knows; a feature that nobody there knows is in the way."""

import json
import re
from pathlib import Path

from lab import cpus, e2e
from lab.expansion import expansion
from lab.shim import CtlError

RICH = f"{cpus.RICH},+smap"
# What they are called, as QEMU spells them, and what is in the way there.
HOSTS = [("same", RICH, ()), ("poor", f"{cpus.POOR},+smap", ()),
         ("no-smap", cpus.RICH, ("smap",)),
         ("silent", f"{RICH},-bmi1,-abm", ("bmi1", "abm")),
         ("no-xsave", f"{RICH},-xsave", ("xsave", "avx")),
         # No program's feature: a bit that the kernel saw at boot.
         ("no-nx", f"{RICH},-nx", ("nx",)),
         ("narrow", f"{RICH},phys-bits=36", ("physical address bits",))]


def test(t: e2e.Test) -> None:
    rich = t.host("rich", RICH)
    brought = t.folder / "brought.json"
    write(brought, {"isahp-vm": 1, "name": "vm", "pool": "rack4", "shape": {"of": "x"},
                    "level": "Haswell-v1", "baseline": ["pni", "ssse3"],
                    "guest": {"mood": "good", "workarounds": ["rowhammer"]}})
    rich.options = ("--record", str(brought))
    with t.vm() as vm:
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        record = rich.shim.ctl("vm", "record", vm.name)
        says_what_guest_and_qemu_say(t, vm, record)
        path = t.folder / "vm.json"
        write(path, record)
        for name, cpu, missing in HOSTS:
            rules_and_admission_agree(t, vm, path, name, cpu, missing)
        travels(t, vm, record)


def write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def says_what_guest_and_qemu_say(t: e2e.Test, vm, record: dict) -> None:
    shown = vm.host.shim.show(vm.name)
    cpuinfo = vm.agent.read("/proc/cpuinfo")
    guest = record["guest"]
    e2e.require_equal(sorted(guest["pinned"]), sorted(vm.isahp("pinned").split()),
                      "pinned")
    e2e.require_equal(int(guest["xcr0"], 16), shown["guest"]["xcr0"], "XCR0")
    e2e.require_equal((guest["xsave"]["components"], guest["boot_vendor"],
                       guest["entry32"], record["vendor"]),
                      (shown["guest"]["xsave"]["components"], "intel", "follows",
                       "intel"), "images and vendors")
    profile = t.folder / "cpuid.json"
    write(profile, record["cpuid"])
    host = vm.host.shim.ctl("host", "show", str(profile))["hosts"][0]
    has = {flag for flag, word in host["features"].items() if word == "yes"}
    flags = set(re.search(r"^flags\s*:(.*)$", cpuinfo, re.M)[1].split())
    e2e.require_equal(flags & set(host["features"]) - has, set(),
                      "flags of the guest that its record's CPUID lacks")
    e2e.require({"avx2", "bmi2", "smap", "smep"} <= has, f"its CPUID has {has}")
    sizes = re.search(r"address sizes\s*: (\d+) bits physical, (\d+) bits virtual",
                      cpuinfo)
    leaf = next(l for l in record["cpuid"]["cpuid"] if l["leaf"] == "0x80000008")
    bits = int(leaf["eax"].split("/")[0], 16)
    e2e.require_equal((bits & 0xff, bits >> 8 & 0xff),
                      (int(sizes[1]), int(sizes[2])), "address bits")
    family, model, step = (int(re.search(rf"^{k}\s*: (\d+)$", cpuinfo, re.M)[1])
                           for k in ("cpu family", "model", "stepping"))
    e2e.require_equal(host["signature"] if "signature" in host else
                      [host["family"], host["model"], host["stepping"]],
                      [family, model, step], "family, model, stepping")
    e2e.require_equal(set(vm.isahp("usable").split()) - set(record["announced"]),
                      set(), "usable and not announced")
    # And what it came with.
    e2e.require_equal((record["pool"], record["shape"], guest["mood"]),
                      ("rack4", {"of": "x"}, "good"), "what nobody here knows")
    t.say(f"record: {len(json.dumps(record))} bytes, {len(guest['pinned'])} pinned, "
          f"{len(record['cpuid']['cpuid'])} leaves")


def rules_and_admission_agree(t: e2e.Test, vm, path: Path, name: str, cpu: str,
                              missing: tuple[str, ...]) -> None:
    source = vm.host
    profile = t.folder / f"{name}.qemu.json"
    write(profile, expansion(cpu))
    said: dict = {}
    try:
        said = source.shim.ctl("vm", "check", str(path), str(profile))
    except CtlError as error:
        e2e.require_equal(error.exit, 3, "exit code of vm check")
        said = error.answer
    paper = {item["what"] for item in said["refusals"]}
    before = source.shim.show(vm.name)["record"]
    target = t.host(name, cpu)
    try:
        moved = vm.move(target)
        real = {item["what"] for item in moved["admission"]["refusals"]}
        left = set(moved["left"])
    except CtlError as error:
        e2e.require_equal(error.exit, 3, f"exit code of migrate ({error})")
        real = {item["what"] for item in error.data["admission"]["refusals"]}
        left = set()
        for what in missing:
            e2e.require(f"{what} (" in str(error), f"{what} is not named: {error}")
        e2e.require_equal(source.shim.show(vm.name)["record"], before,
                          "the guest's record after the refusal")
        e2e.require(vm.host is source, "it has moved")
    e2e.require_equal((bool(paper), bool(real)), (bool(missing), bool(missing)),
                      f"{name}: refused on paper ({paper}), by isahpd ({real})")
    e2e.require(set(missing) <= paper & real, f"{name}: {paper}, {real}")
    if not missing:
        e2e.require_equal(left, set(said["leaving"]), f"{name}: what is let go of")
        vm.move(source)
    t.say(f"{name}: {'refused for ' + ', '.join(sorted(real)) if real else 'admitted'}, "
          "on paper too")


def travels(t: e2e.Test, vm, record: dict) -> None:
    source, next_host = vm.host, t.host("next", f"{cpus.POOR},+smap")
    stored = "vm-vm.json"
    e2e.require((source.shim.folder / stored).is_file(), "stored at the source")
    vm.move(next_host)
    shown = next_host.shim.show(vm.name)["attributes"]
    e2e.require_equal((shown["pool"], shown["level"], shown["kept"]),
                      ("rack4", "Haswell-v1", True), "attributes on the next host")
    there = next_host.shim.ctl("vm", "record", vm.name)
    for key in ("pool", "level", "shape", "baseline"):
        e2e.require_equal(there[key], record[key], key)
    e2e.require_equal((there["guest"]["mood"], "avx2" in there["announced"]),
                      ("good", False), "the record on the next host")
    e2e.require((next_host.shim.folder / stored).is_file() and
                not (source.shim.folder / stored).exists(), "where it is stored")
    # A newer host had it promised something that is not known here: nobody can
    # say whether the next one has it.
    strange = t.host("strange", f"{cpus.POOR},+smap")
    there["guest"]["pinned"].append("wombat")
    write(t.folder / "newer.json", there)
    third = t.host("third", f"{cpus.POOR},+smap")
    third.options = ("--record", str(t.folder / "newer.json"))
    vm.move(third)
    kept = third.shim.ctl("vm", "record", vm.name)
    # What came with the VM goes before what the operator had.
    e2e.require("wombat" not in kept["guest"]["pinned"], "pinned on the third")
    with t.vm("other") as other:
        rich = t.host("other-rich", RICH)
        there["name"] = "other"
        write(t.folder / "other.json", there)
        rich.options = ("--record", str(t.folder / "other.json"))
        other.boot(rich)
        rich.shim.await_vm(other.name)
        try:
            other.move(strange)
            raise AssertionError("moved with a pinned feature that nobody knows")
        except CtlError as error:
            e2e.require_equal(error.exit, 3, "exit code")
            e2e.require("wombat (" in str(error), f"wombat is not named: {error}")
            t.say(f"unknown: {error}")


e2e.main(test)
