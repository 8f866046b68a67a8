#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The control of the lab itself: a program that is bound to AVX2 and told of
nothing survives a move to a host that has it, and dies of SIGILL, in its own
AVX2 code, on one that has not. So a move does take the feature away."""

import signal

from lab import cpus, e2e


def test(t: e2e.Test) -> None:
    with t.vm(cmdline="noisahp=1") as vm:
        vm.boot(t.plain_host("rich", cpus.RICH))
        job = vm.agent.start(["avx2_bound"])
        wait_rounds(job)
        vm.plain_move(t.plain_host("amd", cpus.AMD))
        wait_rounds(job)
        t.say(f"on {cpus.AMD}: runs on")
        vm.allow.append(r"traps: avx2_bound\[\d+\] trap invalid opcode")
        vm.plain_move(t.plain_host("poor", cpus.POOR))
        end = job.wait()
        t.say(f"on {cpus.POOR}: {end}")
        e2e.require_equal(end.signal, signal.SIGILL, "its end")
        e2e.require_equal(job.lines()[-1], "sigill in avx2 code",
                          "its last words")
        e2e.require_equal(vm.agent.sh("echo alive"), "alive", "the guest")


def wait_rounds(job) -> None:
    seen = len(job.lines())
    job.agent.wait(lambda: len(job.lines()) >= seen + 20 or
                   job.end is not None, 60, "more rounds")
    e2e.require(job.end is None, f"it ended early: {job.end}")


e2e.main(test)
