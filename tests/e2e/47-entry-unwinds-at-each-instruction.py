#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""In each form of the 32-bit entry, and while it changes under a thread in the
middle of it, an unwinder finds the caller from every instruction: CFA, return
address, ebp, ecx and edx. A planted error in the frame or on the stack is seen."""

import signal

from lab import cpus, e2e, entry32
from lab.vm import Vm

# Distances from the site at which a thread stands in each form: the three
# pushes, the form's own instructions, the landing pad.
FIRST, LANDING = {"-3", "-2", "-1", "+0"}, {"+6", "+7", "+8", "+9"}
PLACES = {"sysenter": FIRST | {"+2"} | LANDING,
          "syscall": FIRST | {"+2"} | LANDING,
          "int80": FIRST | {"+4"} | LANDING}


def places(lines: list[str], form: str) -> set[str]:
    said = [entry32.fields(line) for line in lines if line.startswith("place=")]
    wrong = [line for line in lines if "result=wrong" in line]
    e2e.require_equal(wrong, [], "wrong frames")
    return {s["place"].removeprefix("site") for s in said if s["form"] == form}


def walk(t: e2e.Test, vm: Vm, form: str) -> None:
    """One thread all the way."""
    lines = vm.agent.run(["entry32_unwind"]).out.splitlines()
    e2e.require(PLACES[form] <= places(lines, form), f"{form}: {lines}")
    t.say(f"{form}: {lines[-1]}")


def held(t: e2e.Test, vm: Vm, before: str, after: str, change) -> None:
    """One that is in the middle, or at the site, when the entry changes."""
    job = vm.agent.start(["entry32_unwind", "--hold"])
    job.wait_line(lambda line: line.startswith("ready"))
    change()
    job.signal(signal.SIGUSR1)
    e2e.require_equal(str(job.wait()), "exit code 0", f"{job.out} {job.err}")
    here = "+0" if before == "int80" else "+2"
    e2e.require(here in places(job.lines(), before) and
                {here} | LANDING <= places(job.lines(), after), job.out)
    t.say(f"{before}->{after}: {job.lines()[-1]}")


def planted(t: e2e.Test, vm: Vm, plant: str) -> None:
    done = vm.agent.run(["entry32_unwind", "--plant", plant], check=False)
    wrong = [s for s in done.out.splitlines() if "result=wrong" in s]
    e2e.require(done.code == 1 and bool(wrong), f"planted {plant}: {done}")
    t.say(f"planted {plant}: {wrong[0]}")


def test(t: e2e.Test) -> None:
    entry32.need(t)
    t.need_program("entry32_unwind", "install libdw-dev")
    intel, amd = t.host("intel", cpus.RICH), t.host("amd", cpus.AMD)

    def prepare() -> None:
        intel.shim.ctl("prepare", vm.name, "--vendor-next", "amd")

    def abort() -> None:
        intel.shim.ctl("abort", vm.name)
        intel.shim.await_vm(vm.name)

    with t.vm() as vm:
        vm.boot(intel)
        intel.shim.await_vm(vm.name)
        planted(t, vm, "cfi")
        planted(t, vm, "stack")
        walk(t, vm, "sysenter")
        held(t, vm, "sysenter", "int80", prepare)
        walk(t, vm, "int80")
        held(t, vm, "int80", "sysenter", abort)
        held(t, vm, "sysenter", "syscall", lambda: vm.move(amd))
        walk(t, vm, "syscall")
        held(t, vm, "syscall", "sysenter", lambda: vm.move(intel))


e2e.main(test)
