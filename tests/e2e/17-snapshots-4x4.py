#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Four processes with four threads each compute while their guest is prepared,
saved to a file and restored on the other CPU model, again and again; the
restoring host's isahpd tells it where it is. No result is wrong, nothing dies,
and all four follow each time."""

from lab import cpus, e2e
from lab.mathdemo import MathDemo, wait_all

ROUNDS = 3


def test(t: e2e.Test) -> None:
    rich, poor = t.host("rich", cpus.RICH), t.host("poor", cpus.POOR)
    file = t.folder / "snapshot"
    with t.vm() as vm:
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        demos = [MathDemo(vm.agent, threads=4, label=f"p{i}")
                 for i in range(4)]
        wait_all(demos, "avx2")
        for number in range(1, ROUNDS + 1):
            answer = rich.shim.ctl("prepare", vm.name, "--remove",
                                   ",".join(cpus.LOST))
            e2e.require_equal((answer["verdict"], answer["concerned"]),
                              ("ack", len(demos)), "verdict and concerned")
            restore(vm, file, poor, demos, "sse2")
            restore(vm, file, rich, demos, "avx2")
            t.say(f"round {number}: prepared in {answer['ack_ms']:.1f} ms, "
                  "saved and restored twice")
        swaps, calls = 0, 0
        for demo in demos:
            summary = demo.end()
            swaps += summary["swaps"]
            calls += summary["calls_all"]
        t.say(f"{calls} calls, {swaps} swaps, 0 wrong")
        e2e.require(swaps >= 4 * 3 * 2 * ROUNDS, "swaps that should be")


def restore(vm, file, host, demos, variant: str) -> None:
    vm.save(file)
    vm.restore(file, host)
    file.unlink()
    host.shim.await_vm(vm.name)
    wait_all(demos, variant)


e2e.main(test)
