#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A counter that a program in the guest prints without a pause crosses three
live migrations, and a stop and restore, with no line lost and none doubled;
commands work at every moment."""

from lab import cpus, e2e

COUNTER = "i=0; while :; do i=$((i+1)); echo $i; done"


def test(t: e2e.Test) -> None:
    with t.vm() as vm:
        vm.boot(t.plain_host("rich", cpus.RICH))
        job = vm.agent.start(["sh", "-c", COUNTER])
        grow(job)
        for number, model in enumerate(
                (cpus.POOR, cpus.RICH, cpus.AMD), start=1):
            info = vm.plain_move(
                t.plain_host(f"host{number}", model), during=lambda: e2e.require_equal(
                    vm.agent.sh("echo during"), "during", "echo"))
            grow(job)
            check(job)
            t.say(f"move {number} to {model}: {len(job.lines())} lines, "
                  f"downtime {info['downtime']} ms")
        vm.save(t.folder / "state")
        vm.restore(t.folder / "state", t.plain_host("host4", cpus.AMD))
        grow(job)
        job.signal(15)
        e2e.require_equal(job.wait().signal, 15, "the counter's end")
        check(job)
        link = vm.agent.link
        t.say(f"{len(job.lines())} lines in {link.frames} frames, "
              f"{link.duplicates} sent again, {link.torn} torn")
        (t.folder / "state").unlink()


def grow(job) -> None:
    """Wait for lines that were printed after now."""
    seen = len(job.lines())
    job.agent.wait(lambda: len(job.lines()) >= seen + 500, 60, "more lines")


def check(job) -> None:
    lines = job.lines()
    for i, line in enumerate(lines):
        e2e.require_equal(line, str(i + 1), f"line {i + 1}")


e2e.main(test)
