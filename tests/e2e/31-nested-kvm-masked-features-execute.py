#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Masked mode under real KVM, in a guest within a guest: CPUID hides AVX2 and
BMI2, isahp announces them, and a program that follows isahp uses them. A
migration takes them: it stops before the VM moves. To show that it did, the
CPU below both really loses them then: the program computes on, and one that was
not told, and had gone on, dies. They come back with the next migration."""

import re

from lab import e2e, nested
from lab.vm import Vm

HIDDEN = "avx2,bmi2"
CPU = f"{nested.CPU_L2},-avx2,-bmi2"
POOR = f"{nested.CPU},-avx2,-bmi2"
MASKED = "--masked", "--envelope", "native", "--present"
BASELINE = "native,-avx2,-bmi2"
REFUSED = r"hidden\[\d+\] trap invalid opcode"


def test(t: e2e.Test) -> None:
    rich, poor = t.plain_host("l0-rich", nested.CPU), t.plain_host("l0-poor", POOR)
    with Vm(nested.machine(), t.folder, "l1") as vm:
        vm.boot(rich)
        nested.load_kvm(vm)
        a = nested.Host(vm, "a", CPU, *MASKED, BASELINE)
        b = nested.Host(vm, "b", CPU, *MASKED, BASELINE)
        c = nested.Host(vm, "c", CPU, *MASKED, "native")
        comes_up_without_them(t, a)
        a.ctl("announce", "l2", "--add", HIDDEN)
        before = uses(t, a, "avx2", "bmi2")

        migrate(t, a, b, left=["avx2", "bmi2"])
        at_b = uses(t, b, "c", "c")
        control_goes_on(t, b)
        b.allow.append(REFUSED)
        with b.held():
            vm.still_move(poor)
        t.say("the CPU below has lost them")
        e2e.require_equal(b.wait_said("unaware", "SIGILL"), "SIGILL in avx2", "the control")
        without = uses(t, b, "c", "c")
        for count in ("avx2", "bmi2"):
            e2e.require(int(before[count]) > 0, f"{count} was not used")
            e2e.require_equal(without[count], at_b[count], f"executions of {count}")
        with b.held():
            vm.still_move(rich)

        migrate(t, b, c, left=[])
        after = uses(t, c, "avx2", "bmi2")
        for count in ("avx2", "bmi2"):
            e2e.require(int(after[count]) > int(without[count]), f"{count} is not used")
        for host in (a, b, c):
            host.check()


def comes_up_without_them(t: e2e.Test, host: nested.Host) -> None:
    """L2 knows nothing of them: neither its CPUID, nor its kernel, nor isahp."""
    # What is gone shall end whoever executes it.
    host.start("hidden", "undefined=signal")
    host.ctl("vm", "wait", "l2", "--for", "settled", "--timeout", "120000")
    first = uses(t, host, "c", "c")
    e2e.require_equal((first["avx2"], first["bmi2"]), ("0", "0"), "executions at first")
    flags = set(host.wait_said("cpuinfo", "flags").split())
    e2e.require("avx" in flags, "L2 has no AVX, and nothing can be shown")
    e2e.require_equal(flags & {"avx2", "bmi2"}, set(), "hidden, but in /proc/cpuinfo")


def uses(t: e2e.Test, host: nested.Host, *variants: str) -> dict[str, str]:
    """Waits until L2's program serves its two operations by these variants, and
    computes: what it says then."""
    def by_them(line: str) -> bool:
        said = parse(line)
        return (said["sum"], said["deposit"]) == variants

    line = host.wait_line("hidden", by_them)
    then = parse(host.wait_line("hidden"))
    t.say(line)
    for name in dict.fromkeys(variants):
        e2e.require(int(then[name]) > int(parse(line)[name]), f"no calls by {name}")
    e2e.require_equal((then["sum"], then["deposit"]), variants, "the variants")
    e2e.require_equal(then["wrong"], "0", "wrong results")
    e2e.require_equal(then["cpuid"], "none", "what CPUID shows")
    e2e.require_equal(then["source"], "1", "the source, which is to be the device")
    return then


def parse(line: str) -> dict[str, str]:
    return dict(re.findall(r"(\w+)=(\S+)", line))


def migrate(t: e2e.Test, source: nested.Host, target: nested.Host, left: list[str]) -> None:
    uri = f"unix:/tmp/to-{target.name}"
    target.start("hidden", incoming=uri)
    target.ctl("vm", "wait", "l2", "--for", "target", "--timeout", "120000")
    moved = source.ctl("migrate", "l2", "--to", uri, "--dest-control", target.control)
    e2e.require_equal(moved["left"], left, "what had to leave")
    t.say(f"to {target.name}, stopped for {moved['downtime_ms']:.0f} ms; answer "
          f"{moved.get('answer', {}).get('verdict')}")


def control_goes_on(t: e2e.Test, host: nested.Host) -> None:
    """What was not told executes what CPUID hides, and nothing stops it: this is
    why masked features have to be announced, and their users asked."""
    first = parse(host.wait_line("unaware"))
    last = parse(host.wait_line("unaware"))
    t.say(f"not told: {last}")
    for name in ("avx2", "bmi2"):
        e2e.require(int(last[name]) > int(first[name]), f"the control stopped {name}")
    e2e.require_equal(last["wrong"], "0", "wrong results of the control")


e2e.main(test, tries=nested.TRIES)
