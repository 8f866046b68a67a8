#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A guest that was booted on Intel stands on AMD with its entry as it was (the
policy `emulate`). Hardware raises #UD for SYSENTER there and QEMU executes it, so
a UD2 in its place, written into the guest's memory from outside, stands in for
it. Without isahp a process dies of it; with isahp each call is finished and
right, wherever a thread was, and wherever its stack is."""

from lab import cpus, e2e, entry32, memory
from lab.vm import Vm

UD2 = bytes.fromhex("0f0b")
SYSENTER = bytes.fromhex("0f34")
MIDDLE = 2
CALLS = 100_000


def write_middle(vm: Vm, data: bytes) -> None:
    """Into the one page that all processes have mapped."""
    memory.write(vm, entry32.where(vm) + MIDDLE, data)


def dies_without(t: e2e.Test) -> None:
    with t.vm("plain", cmdline="noisahp=1") as vm:
        vm.boot(t.plain_host("plain-intel", cpus.RICH))
        vm.agent.run(["entry32", "call"])
        write_middle(vm, UD2)
        vm.allow.append(r"traps: entry32\[\d+\] trap invalid opcode")
        end = vm.agent.run(["entry32", "call"], check=False).end
        t.say(f"without isahp: {end}")
        e2e.require_equal(str(end), "signal SIGILL", "a 32-bit system call")


def stress(t: e2e.Test, vm: Vm, what: str, figures: tuple[str, ...]) -> None:
    """Calls, each of which has to be finished by the module."""
    before = sum(entry32.figure(vm, name) for name in figures)
    done = vm.agent.run(["entry32_stress", "--calls", str(CALLS)], timeout_s=200, check=False)
    e2e.require(bool(done.out.strip()), f"{what}: {done.end}, no word")
    last = done.out.splitlines()[-1]
    said = entry32.fields(last)
    e2e.require_equal(said["wrong"], "0", f"wrong calls: {last}")
    finished = sum(entry32.figure(vm, name) for name in figures) - before
    e2e.require(finished >= CALLS, f"{what}: {finished} finished of {CALLS}")
    t.say(f"{what}: {last}; {finished} finished")


def test(t: e2e.Test) -> None:
    entry32.need(t)
    dies_without(t)
    intel, amd = t.host("intel", cpus.RICH), t.host("amd", cpus.AMD)
    with t.vm(cmdline=entry32.FAST) as vm:
        vm.boot(intel)
        intel.shim.await_vm(vm.name)
        at = entry32.where(vm) + MIDDLE
        stacks = entry32.stacks(vm)
        entry32.policy(vm, "emulate")
        vm.move(amd)
        e2e.require_equal(entry32.form(vm), "sysenter", "the entry on AMD")
        # Disarmed: SYSENTER is #GP where an emulator executes it.
        e2e.require_equal(entry32.stacks(vm), stacks, "stacks, by #GP")
        stress(t, vm, "#GP", ("entry_emulated",))
        forms, found = entry32.fly(vm, lambda: memory.write(vm, at, UD2))
        e2e.require_equal(entry32.wrong_ones(found), {}, forms)
        t.say(f"in flight, {forms}: {len(found)} cases")
        # UD2 is what stands in the middle of INT 0x80's form too: a repair.
        e2e.require_equal(entry32.stacks(vm), stacks, "stacks, by #UD")
        stress(t, vm, "#UD", ("entry_emulated", "entry_repairs"))
        memory.write(vm, at, SYSENTER)
        vm.move(intel)
        entry32.policy(vm, "auto")
        emulated = entry32.figure(vm, "entry_emulated")
        vm.agent.run(["entry32", "call"])
        e2e.require_equal(entry32.form(vm), "sysenter", "the entry on Intel")
        e2e.require_equal(entry32.figure(vm, "entry_emulated"), emulated,
                          "calls emulated where SYSENTER works")


e2e.main(test)
