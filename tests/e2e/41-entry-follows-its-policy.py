#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The module's parameter `entry`: each policy is in force when the write of it
returns, through changes of vendor, while two programs make 32-bit calls, one of
them with a copy of the entry's page of its own. emulate leaves the bytes and
finishes what traps, off refuses a change of vendor, nonsense is refused; no call
is wrong."""

from lab import cpus, e2e, entry32
from lab.shim import CtlError

PARAMETER = "/sys/module/isahp/parameters/entry"


def test(t: e2e.Test) -> None:
    t.need_program("vsys32", "install gcc-multilib")
    intel, amd = t.host("intel", cpus.RICH), t.host("amd", cpus.AMD)
    # Newer kernels let nobody write to a page of his own that way, but a debugger.
    with t.vm(cmdline="proc_mem.force_override=always") as vm:
        vm.boot(intel)
        intel.shim.await_vm(vm.name)
        jobs = [vm.agent.start(["vsys32", "--threads", "1", *options])
                for options in ([], ["--private"])]
        e2e.require_equal(vm.agent.read(PARAMETER), "auto", "the default")
        e2e.require_equal(vm.isahp("entry"), "sysenter", "entry")
        check_goes_on(jobs)

        check_words(vm)
        check_int80(t, vm, intel, amd, jobs)
        check_emulate(t, vm, intel, amd, jobs)
        check_off(t, vm, intel)
        check_goes_on(jobs)
        vm.agent.run(["rmmod", "isahp"])
        check_goes_on(jobs)
        for job in jobs:
            job.signal(15)
            job.wait()


def set_policy(vm, word: str) -> str:
    """What the site holds when the write has returned."""
    return vm.agent.sh(f"echo {word} > {PARAMETER} && "
                       "cat /sys/class/misc/isahp/entry")


def figure(vm, name: str) -> int:
    return int(vm.isahp(f"figures/{name}"))


def check_goes_on(jobs) -> None:
    """More calls after this than before, and no wrong one."""
    for job in jobs:
        entry32.goes_on(job)


def check_words(vm) -> None:
    before = figure(vm, "entry_changes")
    for word in ("nonsense", "''", "au", "INT80", "auto int80"):
        result = vm.agent.run(["sh", "-c", f"echo {word} > {PARAMETER}"],
                              check=False)
        e2e.require(result.code != 0 and "Invalid argument" in result.err,
                    f"{word!r}: {result}")
    e2e.require_equal(vm.agent.read(PARAMETER), "auto", "policy")
    e2e.require_equal(figure(vm, "entry_changes"), before, "changes")


def check_int80(t, vm, intel, amd, jobs) -> None:
    e2e.require_equal(set_policy(vm, "int80"), "int80", "entry")
    e2e.require_equal(set_policy(vm, "auto"), "sysenter", "entry")
    e2e.require_equal(set_policy(vm, "int80"), "int80", "entry")
    vm.move(amd)
    e2e.require_equal(vm.isahp("entry"), "int80", "entry on AMD")
    e2e.require_equal(set_policy(vm, "auto"), "syscall", "entry on AMD")
    e2e.require_equal(set_policy(vm, "int80"), "int80", "entry on AMD")
    check_goes_on(jobs)
    vm.move(intel)
    e2e.require_equal(vm.isahp("entry"), "int80", "entry")
    e2e.require_equal(set_policy(vm, "auto"), "sysenter", "entry")
    t.say("int80 stays, auto follows")


def check_emulate(t, vm, intel, amd, jobs) -> None:
    e2e.require_equal(set_policy(vm, "emulate"), "sysenter", "entry")
    vm.move(amd)
    e2e.require_equal(vm.isahp("entry"), "sysenter", "entry on AMD")
    before = figure(vm, "entry_emulated")
    check_goes_on(jobs)
    finished = figure(vm, "entry_emulated") - before
    e2e.require(finished > 100, f"{finished} calls were finished")
    vm.move(intel)
    # Armed again: nothing traps any more.
    before = figure(vm, "entry_emulated")
    check_goes_on(jobs)
    e2e.require_equal(figure(vm, "entry_emulated"), before, "finished on Intel")
    t.say(f"emulate: {finished} calls finished on AMD")


def check_off(t, vm, intel) -> None:
    e2e.require_equal(set_policy(vm, "off"), "sysenter", "entry")
    try:
        intel.shim.ctl("prepare", vm.name, "--vendor-next", "amd")
        raise AssertionError("a change of vendor was accepted under off")
    except CtlError as error:
        e2e.require("vdso" in str(error) + str(error.data), f"{error}")
        t.say(f"off: {error}")
    e2e.require_equal(vm.isahp("entry"), "sysenter", "entry")
    intel.shim.ctl("abort", vm.name)
    intel.shim.await_vm(vm.name)
    e2e.require_equal(set_policy(vm, "auto"), "sysenter", "entry")
    intel.shim.ctl("prepare", vm.name, "--vendor-next", "amd")
    e2e.require_equal(vm.isahp("entry"), "int80", "entry")
    intel.shim.ctl("abort", vm.name)
    intel.shim.await_vm(vm.name)


e2e.main(test)
