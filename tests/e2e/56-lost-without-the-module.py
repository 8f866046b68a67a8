#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Without the module a program that asked libisahp for its handler of SIGILL goes
on when its guest moves, unannounced, to a host without AVX2, BMI2 and MOVBE, and
back; upper halves of registers and faults are right. The same program without
the handler dies of SIGILL."""

import re
import signal

from lab import cpus, e2e
from lab.agent import End, Job

PARTS = ["avx2", "bmi2", "fault", "loop", "loop_avx2", "movbe"]
LINE = re.compile(r"round=\d+ wrong=(\d+) finished=(\d+) faults=(\d+) foreign=(\d+) "
                  r"signals=(\d+)$")


def test(t: e2e.Test) -> None:
    with t.vm(cmdline="noisahp=1") as vm:
        vm.boot(t.plain_host("rich", cpus.RICH))
        job = vm.agent.start(["lost", "0", *PARTS])
        controls = [vm.agent.start(["lost", "--without", "0", part])
                    for part in ("avx2", "bmi2", "movbe")]
        for j in (job, *controls):
            wait_rounds(j)
        e2e.require_equal(last(job)[1], 0, "finished on rich")
        vm.allow.append(r"traps: lost\[\d+\] trap invalid opcode")
        vm.plain_move(t.plain_host("poor", cpus.POOR))
        for control in controls:
            e2e.require_equal(control.wait(), End(signal=signal.SIGILL),
                              "a program without the handler")
        wait_rounds(job)
        wrong, finished, faults, foreign, signals = last(job)
        t.say(f"on poor: {finished} finished in {signals} signals, {faults} faults")
        e2e.require_equal((wrong, foreign), (0, 0), "wrong and foreign")
        e2e.require(finished >= 400 and faults >= 40, "too few were finished")
        e2e.require(signals * 8 <= finished, "too many signals")

        vm.plain_move(t.plain_host("rich2", cpus.RICH))
        wait_rounds(job)
        before = last(job)
        wait_rounds(job)
        e2e.require_equal(last(job), before, "finished on rich again")
        job.signal(signal.SIGTERM)
        job.wait()


def wait_rounds(job: Job) -> None:
    seen = len(job.lines())
    job.agent.wait(lambda: len(job.lines()) >= seen + 3 or job.end is not None,
                   120, "more rounds")
    e2e.require(job.end is None, f"{job.argv} ended: {job.end}")


def last(job: Job) -> tuple[int, ...]:
    match = LINE.match(job.lines()[-1])
    e2e.require(match is not None, f"it said {job.lines()[-1]!r}")
    return tuple(int(n) for n in match.groups())


e2e.main(test)
