#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A 32-bit program makes system calls through the vDSO's entry while the CPU's
vendor is about to change: the entry is INT 0x80 from the PREPARE on, and the
kernel's own again after an ABORT and after a COMMIT at the same vendor. Then
the vendor does change, by migration, and the entry is the one of that vendor,
and back. No call gives a wrong result, also where a thread had been between the
entry's two instructions."""

from lab import cpus, e2e, entry32
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


def wait_entry(t, job: Job, entry: str) -> dict[str, str]:
    """Calls that were made through this entry, and no wrong one."""
    said = entry32.goes_on(job, entry)
    t.say(f"{said['calls']} calls by {entry}, {said['middle']} of them from the "
          "middle, 0 wrong")
    return said


e2e.main(test)
