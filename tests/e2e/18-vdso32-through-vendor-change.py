#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A 32-bit program makes system calls through the vDSO's entry while the CPU's
vendor is about to change: the entry is INT 0x80 from the PREPARE on, and the
kernel's own again after an ABORT and after a COMMIT at the same vendor. Then
the vendor does change, by migration, and the entry is the one of that vendor,
and back. No call gives a wrong result, also where a thread had been between the
entry's two instructions."""

import re

from lab import cpus, e2e
from lab.agent import Job

THREADS = 2


def test(t: e2e.Test) -> None:
    t.need_program("vsys32", "install gcc-multilib")
    intel, amd = t.host("intel", cpus.RICH), t.host("amd", cpus.AMD)
    with t.vm() as vm:
        vm.boot(intel)
        intel.shim.await_vm(vm.name)
        job = vm.agent.start(["vsys32", "--threads", str(THREADS),
                              "--middle"])
        wait_entry(t, job, "sysenter")

        intel.shim.ctl("prepare", vm.name, "--vendor-next", "amd")
        wait_entry(t, job, "int80")
        intel.shim.ctl("abort", vm.name)
        intel.shim.await_vm(vm.name)
        wait_entry(t, job, "sysenter")

        intel.shim.ctl("prepare", vm.name, "--vendor-next", "amd")
        wait_entry(t, job, "int80")
        # It was to become AMD, and the guest wakes up on Intel all the same.
        other = t.host("other", cpus.RICH)
        vm.plain_move(other)
        other.shim.await_vm(vm.name)
        wait_entry(t, job, "sysenter")

        vm.move(amd)
        wait_entry(t, job, "syscall")
        vm.move(intel)
        last = wait_entry(t, job, "sysenter")
        e2e.require(int(last["middle"]) > 0, "no thread was ever in between")
        job.signal(15)
        job.wait()


def parse(line: str) -> dict[str, str]:
    return dict(re.findall(r"(\w+)=(\w+)", line))


def wait_entry(t, job: Job, entry: str) -> dict[str, str]:
    """Calls that were made through this entry, and no wrong one."""
    def through(line: str) -> bool:
        return parse(line).get("entry") == entry

    seen = len(job.lines())
    first = job.wait_line(through, since=seen)
    seen = len(job.lines())
    last = job.wait_line(through, since=seen)
    said = parse(last)
    e2e.require_equal(said["wrong"], "0", "wrong calls")
    e2e.require(int(said["calls"]) > int(parse(first)["calls"]),
                "the program stands still")
    t.say(f"{last}")
    return said


e2e.main(test)
