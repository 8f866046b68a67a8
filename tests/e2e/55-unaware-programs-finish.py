#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs as Debian has them, on a C library that took at its start what the
boot host is best at, are at work when the guest wakes up without AVX2, BMI2 and
more: PID 1 goes on, and so do all of them, with the right output. The same move
without the module ends PID 1, and the guest with it."""

import hashlib

from lab import cpus, e2e
from lab.agent import Job
from lab.errors import GuestSplat, LabError

PROGRAMS = ("/usr/bin/gzip", "/usr/bin/perl", "/usr/bin/sha256sum", "/usr/bin/sort")
OPTIONS = {"programs": PROGRAMS, "glibc_as_it_is": True}
LINES = 1000

# Rounds until a file is there; the move is in the middle of one.
JOBS = {
    "sort": "sort /tmp/text",
    "gzip": "gzip -9 < /tmp/text | gzip -d",
    "sha256sum": "sha256sum < /tmp/text",
    "perl": "perl -ne '$n{$_}++; END { print for sort keys %n }' /tmp/text",
}
ROUNDS = "until [ -e /tmp/enough ]; do ( {} ) | md5sum; done; ( {} ) | md5sum"


def test(t: e2e.Test) -> None:
    check_control(t)
    rich, poor = t.host("rich", cpus.RICH), t.host("poor", cpus.POOR)
    with t.vm(**OPTIONS) as vm:
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        vm.agent.sh(MAKE_TEXT)
        jobs = {name: vm.agent.start(["sh", "-c", ROUNDS.format(run, run)])
                for name, run in JOBS.items()}
        for name, job in jobs.items():
            wait_sums(job, 1)
        e2e.require_equal(figure(vm, "emulated"), 0, "emulated on rich")
        vm.move(poor)
        t.say("moved")
        for name, job in jobs.items():
            wait_sums(job, 1)
        vm.agent.sh(": > /tmp/enough")
        for name, job in jobs.items():
            e2e.require_equal(job.wait(200).code, 0, name)
            e2e.require_equal(set(job.lines()), {f"{expected(name)}  -"},
                              f"sums of {name}")
        check_processes(t, vm)


# The lines are the same wherever they are made.
MAKE_TEXT = ("awk 'BEGIN { for (n = 0; n < %d; n++) "
             "printf \"%%d line %%d\\n\", n * 7919 %% 10007, n }' > /tmp/text" % LINES)


def text() -> bytes:
    return b"".join(b"%d line %d\n" % (n * 7919 % 10007, n) for n in range(LINES))


def expected(name: str) -> str:
    lines = text().splitlines(keepends=True)
    output = {
        "sort": b"".join(sorted(lines)),
        "gzip": text(),
        "sha256sum": hashlib.sha256(text()).hexdigest().encode() + b"  -\n",
        "perl": b"".join(sorted(set(lines))),
    }[name]
    return hashlib.md5(output).hexdigest()


def wait_sums(job: Job, more: int) -> None:
    seen = len(job.lines())
    job.agent.wait(lambda: len(job.lines()) >= seen + more or job.end is not None,
                   200, "more rounds")
    e2e.require(job.end is None, f"{job.argv} ended: {job.end}: {job.err[-300:]}")


def figure(vm, name: str) -> int:
    return int(vm.isahp(f"figures/undefined_{name}"))


def check_processes(t, vm) -> None:
    said = {line.split()[1]: int(line.split()[2]) for line in
            vm.isahp("undefined/processes").splitlines() if line.startswith("1 ")}
    e2e.require("avx2" in said, f"PID 1 executed {said}")
    emulated = figure(vm, "emulated")
    t.say(f"{emulated} traps, {figure(vm, 'ns') // emulated} ns each in the "
          f"module; PID 1: {said}")


def check_control(t) -> None:
    """The kernel panics as PID 1 dies of SIGILL."""
    with t.vm("plain", cmdline="noisahp=1", **OPTIONS) as vm:
        vm.allow.append("traps: |Attempted to kill init|Kernel panic")
        vm.boot(t.plain_host("plain-rich", cpus.RICH))
        vm.agent.sh(MAKE_TEXT)
        try:
            vm.plain_move(t.plain_host("plain-poor", cpus.POOR))
            vm.agent.sh("sort < /tmp/text | md5sum", 20)
        except (GuestSplat, LabError) as end:
            t.say(f"without the module: {str(end)[:120]}")
        else:
            raise AssertionError("it lives without the module")
        said = vm.console_text()
        e2e.require("Attempted to kill init" in said, said[-300:])
        vm.bury()


e2e.main(test)
