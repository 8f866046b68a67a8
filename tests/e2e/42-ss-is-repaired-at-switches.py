#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A kernel booted on Intel and standing on AMD repairs SS at each context switch
by the module's probe: threads are switched to that would have had a null SS at
their SYSRET. Not on Intel, and not with the probe off: then, by the figure,
nobody does. A program that uses SS in 32-bit code after each system call runs
throughout; TCG loads the hidden part of SS, so it would not die here without."""

from lab import cpus, e2e

ROUNDS = "200"
PARAMETER = "/sys/module/isahp/parameters/entry"


def test(t: e2e.Test) -> None:
    intel, amd = t.host("intel", cpus.RICH), t.host("amd", cpus.AMD)
    with t.vm() as vm:
        vm.boot(intel)
        intel.shim.await_vm(vm.name)
        e2e.require_equal(repairs(vm), 0, "repairs on Intel")
        vm.move(amd)
        e2e.require_equal(vm.isahp("entry"), "syscall", "entry on AMD")
        done = repairs(vm)
        e2e.require(done > 0, "no repairs on AMD")
        t.say(f"on AMD: {done} of {ROUNDS} rounds and more needed a repair")

        vm.agent.sh(f"echo int80 > {PARAMETER}")
        e2e.require(repairs(vm) > 0, "no repairs under int80")
        vm.agent.sh(f"echo off > {PARAMETER}")
        e2e.require_equal(repairs(vm), 0, "repairs with the probe off")
        vm.agent.sh(f"echo auto > {PARAMETER}")
        e2e.require(repairs(vm) > 0, "no repairs with the probe on again")
        vm.move(intel)
        e2e.require_equal(repairs(vm), 0, "repairs on Intel again")


def repairs(vm) -> int:
    """How many there are while the program runs."""
    path = "/sys/class/misc/isahp/figures/entry_ss_repairs"
    before, line, after = vm.agent.sh(
        f"cat {path}; ss_attrs {ROUNDS}; cat {path}").splitlines()
    e2e.require_equal(line, f"rounds={ROUNDS}", "the program")
    return int(after) - int(before)


e2e.main(test)
