#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What an emulated instruction shows of itself is what the instruction shows:
signal, si_code, si_addr, trap number, error code and instruction pointer for
operands that are not there, read-only, beyond a file or no addresses at all;
what a page fault brings in (demand paging, copy on write, userfaultfd); single
steps of a debugger and of oneself. Instructions that nobody has keep their
SIGILL to the letter. The oracle is the same program on a CPU that has them."""

import re

from lab import cpus, e2e

POOR = "Haswell,-movbe,-popcnt"
PROGRAMS = ("undefined", "undefined32")
WHAT = ("memory", "foreign", "step")

# Where QEMU's TCG is no oracle: operands that are not canonical from end to end,
# or cross the limit of a flat segment in 32-bit code, are #GP, and #SS by way of
# RBP (SDM vol. 3A, 6.15; so on a Zen 4).
GENERAL = "signal 11 code 128 addr 0 trap 13 error 0 ip 0"
STACK = "signal 7 code 128 addr 0 trap 12 error 0 ip 0"


def test(t: e2e.Test) -> None:
    t.need_program("undefined32", "install gcc-multilib")
    rich, poor = t.host("rich", cpus.RICH), t.host("poor", POOR)
    with t.vm(clear=("popcnt",)) as vm:
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        native = transcripts(vm)
        e2e.require_equal(figure(vm, "emulated"), 0, "emulated on rich")
        vm.move(poor)
        emulated = transcripts(vm)
        for what, lines in native.items():
            compare(what, [as_hardware(line, "32 " in what) for line in lines],
                    emulated[what])
            t.say(f"{what}: {len(lines)} lines alike")
        for name in ("emulated", "slow", "faults"):
            t.say(f"undefined_{name}: {figure(vm, name)}")
            e2e.require(figure(vm, name) > 0, f"undefined_{name} is 0")


def as_hardware(line: str, is_32: bool) -> str:
    match = re.match(rf"((?:edge|not canonical{'|top' if is_32 else ''}) (\w+)): ",
                     line)
    if not match:
        return line
    return f"{match[1]}: {STACK if match[2] == 'stack32' else GENERAL}"


def transcripts(vm) -> dict[str, list[str]]:
    return {f"{program} {what}":
            vm.agent.run([program, what]).out.splitlines()
            for program in PROGRAMS for what in WHAT}


def compare(what: str, native: list[str], emulated: list[str]) -> None:
    differ = [f"{n!r}, emulated {e!r}" for n, e in zip(native, emulated)
              if n != e]
    e2e.require(not differ, f"{what}: {len(differ)} differ: "
                + "; ".join(differ[:40]))
    e2e.require_equal(len(emulated), len(native), f"lines of {what}")
    e2e.require(len(native) > 5, f"{what} says little")


def figure(vm, name: str) -> int:
    return int(vm.isahp(f"figures/undefined_{name}"))


e2e.main(test)
