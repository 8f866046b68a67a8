#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""At least ten million 32-bit system calls from two threads on two CPUs while
the entry changes at least a thousand times, by policy and by records: each result
and each register is checked, and none is wrong."""

from lab import cpus, e2e, entry32
from lab.qemu import accel

CALLS = 10_000_000
FLIPS = 1_000
# And so many more while the host changes its mind.
CALLS_BY_RECORDS = 1_000_000
# A minute and a half on two cores that do nothing else.
TIMEOUT_S = 800


def report(t: e2e.Test, out: str, calls: int) -> dict[str, str]:
    """What the program has said last, if all of it is right."""
    e2e.require(bool(out.strip()), "the program died before its first word")
    line = out.splitlines()[-1]
    said = entry32.fields(line)
    e2e.require_equal(said["wrong"], "0", f"wrong calls: {line}")
    e2e.require(int(said["calls"]) >= calls, f"calls: {line}")
    e2e.require(int(said["restarts"]) > 0, f"no call was restarted: {line}")
    t.say(f"{line}: {int(said['calls']) * 1000 // int(said['ms'])} "
          f"calls/s ({accel()})")
    return said


def by_records(t: e2e.Test, vm, host) -> int:
    job = vm.agent.start(["entry32_stress", "--calls", str(CALLS_BY_RECORDS)])
    changes = 0
    while job.end is None:
        host.shim.ctl("prepare", vm.name, "--vendor-next", "amd")
        host.shim.ctl("abort", vm.name)
        host.shim.await_vm(vm.name)
        changes += 2
    report(t, job.out, CALLS_BY_RECORDS)
    return changes


def test(t: e2e.Test) -> None:
    entry32.need(t)
    intel = t.host("intel", cpus.RICH)
    with t.vm(cmdline=entry32.FAST) as vm:
        vm.boot(intel)
        intel.shim.await_vm(vm.name)
        changes = by_records(t, vm, intel)
        e2e.require(changes >= 10, f"{changes} changes by records")
        t.say(f"{changes} changes by records")
        done = vm.agent.run(["entry32_stress", "--calls", str(CALLS), "--flips",
                             str(FLIPS)], timeout_s=TIMEOUT_S, check=False)
        flips = int(report(t, done.out, CALLS)["flips"])
        e2e.require(flips >= FLIPS, f"flips: {flips}")
        e2e.require_equal(entry32.figure(vm, "entry_changes"), changes + flips,
                          "changes that the module has counted")
        e2e.require_equal(entry32.form(vm), "sysenter", "the entry in the end")


e2e.main(test)
