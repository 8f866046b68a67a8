#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""After a trap the module goes on with the instructions behind it, as far as the
knobs say, and with one instruction where they say 0: with the same results. A
program does not notice: its faults, what a debugger sees, its timers, its turn on
a CPU, code that it or another thread writes, mappings that go, restartable
sequences that membarrier() ends are as on a CPU that has all instructions."""

from lab import cpus, e2e
from lab.errors import LabError
from lab.qemu import accel

PARAMETERS = "/sys/module/isahp/parameters"
SELF_CHECKED = ("integers", "gathers", "masked", "scalars", "text", "floats")
# Each prints what a CPU that has MOVBE prints.
PARTS = ("faults", "protect", "rewrite", "sections 300", "trace")
# QEMU's TCG knows no #XM.
EXCEPTION = ["exception: signal 8 code 3 addr 18 ip 18 ax 1020305",
             "mxcsr 1d84, then 1f80"]
DEFAULTS = {"native": 640, "limit": 100000, "us": 100}
# As far as it goes in one: whatever is to be done meanwhile has to end it.
FAR = {"native": 1000000, "limit": 1000000, "us": 10000}
ENDS = ("native", "limit", "time", "work", "foreign", "unreached", "fault")


def test(t: e2e.Test) -> None:
    rich, poor = t.host("rich", cpus.RICH), t.host("poor", cpus.POOR)
    with t.vm() as vm:
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        native = {part: said(vm, part) for part in PARTS}
        t.say(f"native: {', '.join(PARTS)}")
        e2e.require_equal(figure(vm, "undefined_emulated"), 0, "emulated on rich")
        vm.move(poor)
        check_defaults(vm)
        check_lengths(t, vm)
        for name, knobs in (("one by one", {"native": 0}), ("as it is", DEFAULTS),
                            ("far", FAR)):
            turn(vm, knobs)
            check_parts(t, vm, name, native)
        # So long that membarrier() comes in the middle of a run.
        e2e.require_equal(said(vm, "sections 6000"), ["sections: wrong=0"],
                          "sections, longer")
        check_busy(t, vm)
        check_ends(t, vm)
        check_lists(t, vm)
        check_bad_input(vm)


def figure(vm, name: str) -> int:
    return int(vm.isahp(f"figures/{name}"))


def counts(vm) -> tuple[int, ...]:
    return tuple(figure(vm, f"undefined_{name}") for name in
                 ("emulated", "instructions", "native", "ns"))


def turn(vm, knobs: dict[str, int]) -> None:
    vm.agent.sh("; ".join(f"echo {value} > {PARAMETERS}/ahead_{name}"
                          for name, value in knobs.items()))


def said(vm, part: str) -> list[str]:
    return vm.agent.run(["ahead", *part.split()], 120).out.splitlines()


def check_defaults(vm) -> None:
    for name, value in DEFAULTS.items():
        e2e.require_equal(vm.agent.read(f"{PARAMETERS}/ahead_{name}"), str(value),
                          f"ahead_{name}")


def check_lengths(t, vm) -> None:
    """The program checks each result."""
    for native in (0, DEFAULTS["native"]):
        turn(vm, {"native": native})
        vm.agent.run(["vectors", "once", *SELF_CHECKED])
        before = counts(vm)
        vm.agent.run(["vectors", "once", *SELF_CHECKED])
        traps, instructions, own, ns = (
            now - then for now, then in zip(counts(vm), before))
        e2e.require(traps > 10, f"{traps} traps")
        if native:
            e2e.require(instructions > 20 * traps,
                        f"{instructions} instructions in {traps} traps")
            e2e.require(0 < own < instructions, f"{own} of the CPU's own")
        else:
            e2e.require_equal((instructions, own), (traps, 0), "one by one")
        t.say(f"ahead_native={native}: {traps} traps, {instructions / traps:.1f} "
              f"instructions each, {own} of {instructions} the CPU's own, "
              f"{ns // instructions} ns for one ({accel()})")


def check_parts(t, vm, name: str, native: dict[str, list[str]]) -> None:
    before = counts(vm)
    for part, lines in native.items():
        e2e.require_equal(said(vm, part), lines, f"{part}, {name}")
        t.say(part)
    # Without MOVBE: TCG may keep instructions of its own for too long.
    e2e.require_equal(said(vm, "rewritten"), ["rewritten: wrong=0"],
                      f"rewritten, {name}")
    if name != "one by one":
        e2e.require_equal(said(vm, "exceptions"), EXCEPTION, f"exceptions, {name}")
    traps, instructions = (now - then for now, then in
                           zip(counts(vm)[:2], before))
    e2e.require(traps > 100, f"{traps} traps")
    t.say(f"{name}: {', '.join(native)} as on rich; "
          f"{instructions / traps:.1f} instructions in a trap")


def check_busy(t, vm) -> None:
    """With runs that only what is to be done elsewhere ends: a thread in them is
    interrupted, takes turns with another, gets its timers' signals, and dies."""
    turn(vm, FAR)
    before = figure(vm, "ahead_work")
    job = vm.agent.start(["ahead", "busy"])
    job.wait_line(lambda line: line.startswith("busy"), 120)
    e2e.require_equal(job.lines(), ["busy: wrong=0"], "busy")
    ended = figure(vm, "ahead_work") - before
    e2e.require(ended > 20, f"{ended} runs ended for signals and the like")
    job.signal(9)
    e2e.require_equal(job.wait().signal, 9, "busy")
    t.say(f"{ended} runs ended for timers, signals, and a thread on the same CPU")


def check_ends(t, vm) -> None:
    """Each knob ends runs, and what ended one is told."""
    for name, knobs, argv in (
            ("native", {"native": 2}, ("vectors", "once", "scalars")),
            ("limit", {"limit": 5}, ("vectors", "once", "scalars")),
            ("time", {"us": 1}, ("vectors", "once", "scalars")),
            ("foreign", {}, ("ahead", "calls", "100")),
            ("unreached", {}, ("ahead", "protect")),
            ("fault", {}, ("ahead", "exceptions"))):
        turn(vm, {**DEFAULTS, **knobs})
        before = figure(vm, f"ahead_{name}")
        vm.agent.run(argv, 120)
        e2e.require(figure(vm, f"ahead_{name}") > before, f"none ended: {name}")
    turn(vm, DEFAULTS)
    t.say("ended: " + ", ".join(f"{name} {figure(vm, f'ahead_{name}')}"
                                for name in ENDS))


def check_lists(t, vm) -> None:
    """By process and feature: traps, instructions, nanoseconds."""
    job = vm.agent.start(["vectors", "run", *SELF_CHECKED])
    job.wait_line(lambda line: line.endswith("wrong=0"))
    lines = [line.split() for line in vm.isahp("undefined/processes").splitlines()
             if line.startswith(f"{job.pid} ")]
    # Others may have been met by runs alone that these have begun.
    e2e.require("avx2" in {line[1] for line in lines}, f"listed: {lines}")
    for line in lines:
        traps, instructions, ns = (int(n) for n in line[2:5])
        e2e.require(ns > instructions >= traps > 0, f"listed: {line}")
        e2e.require_equal(line[5:], ["default", "vectors"], "policy and name")
    t.say(f"listed: {' '.join(lines[0])}")
    job.signal(15)
    job.wait()
    sums = [[int(n) for n in line.split()[1:]] for line in
            vm.isahp("undefined/features").splitlines()]
    emulated, instructions, _, ns = counts(vm)
    e2e.require_equal([sum(column) for column in zip(*sums)][:2],
                      [emulated, instructions], "sums by feature")
    e2e.require(sum(row[2] for row in sums) <= ns, "nanoseconds by feature")


def check_bad_input(vm) -> None:
    for name, value in (("native", "-1"), ("native", "x"), ("limit", "0"),
                        ("limit", "1000001"), ("us", "0"), ("us", "10001")):
        try:
            turn(vm, {name: value})
        except LabError:
            continue
        raise AssertionError(f"ahead_{name} takes {value}")
    check_defaults(vm)


e2e.main(test)
