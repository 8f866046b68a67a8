#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs that use POPCNT and MOVBE and know nothing of isahp run on, 64-bit
and 32-bit, when the guest wakes up without the two: on a move that was announced
and on one that nobody announced. All forms give what C gives. What takes the
instructions is counted by feature and process, and told to the host once each."""

from lab import cpus, e2e
from lab.agent import Job

POOR = "Haswell,-movbe,-popcnt"
PROGRAMS = ("undefined", "undefined32")


def test(t: e2e.Test) -> None:
    t.need_program("undefined32", "install gcc-multilib")
    rich, poor = t.host("rich", cpus.RICH), t.host("poor", POOR)
    other = t.host("other", POOR)
    # The kernel would otherwise use POPCNT itself, and refuse to lose it.
    with t.vm(clear=("popcnt",)) as vm:
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        jobs = [vm.agent.start([program, "run"]) for program in PROGRAMS]
        for job in jobs:
            wait_rounds(t, job)
        e2e.require_equal(figure(vm, "emulated"), 0, "emulated on rich")

        vm.move(poor)
        check_poor(t, vm, jobs)
        check_told(t, vm, poor, jobs)
        t.say(f"moved to {POOR}: {figure(vm, 'emulated')} emulated")

        vm.move(rich)
        for job in jobs:
            wait_rounds(t, job)
        vm.plain_move(other)
        check_poor(t, vm, jobs)
        t.say(f"moved unannounced: {figure(vm, 'emulated')} emulated")
        for job in jobs:
            job.signal(15)
            job.wait()
        # Those that ended are in the sums, not among the processes.
        e2e.require_equal(listed(vm), [], "processes")
        e2e.require(set(sums(vm)) == {"movbe", "popcnt"}, "features")


def wait_rounds(t, job: Job) -> None:
    seen = len(job.lines())
    job.agent.wait(lambda: len(job.lines()) >= seen + 3 or
                   job.end is not None, 120, "more rounds")
    e2e.require(job.end is None, f"{job.argv[0]} ended: {job.end}")
    last = job.lines()[-1]
    e2e.require(last.endswith("wrong=0"), f"{job.argv[0]}: {last}")


def figure(vm, name: str) -> int:
    return int(vm.isahp(f"figures/undefined_{name}"))


def listed(vm) -> list[list[str]]:
    return [line.split() for line in
            vm.isahp("undefined/processes").splitlines()]


def sums(vm) -> dict[str, int]:
    return {line.split()[0]: int(line.split()[1]) for line in
            vm.isahp("undefined/features").splitlines()}


def check_poor(t, vm, jobs) -> None:
    before = figure(vm, "emulated")
    for job in jobs:
        wait_rounds(t, job)
    e2e.require(figure(vm, "emulated") > before + 100, "nothing was emulated")
    for job in jobs:
        mine = {line[1]: int(line[2]) for line in listed(vm)
                if int(line[0]) == job.pid}
        e2e.require_equal(set(mine), {"movbe", "popcnt"},
                          f"features of {job.argv[0]}")
        e2e.require(min(mine.values()) > 10, f"counts: {mine}")


def check_told(t, vm, host, jobs) -> None:
    e2e.require_equal(vm.isahp("undefined/signals"), "exact", "signals")
    said = [line for line in vm.console_text().splitlines()
            if "which has gone" in line]
    for job in jobs:
        for feature in ("movbe", "popcnt"):
            what = f"{job.pid} ({job.argv[0]}) executed {feature}"
            e2e.require_equal(sum(what in line for line in said), 1,
                              f"lines on {what}")
    text = f"{jobs[0].pid} {jobs[0].argv[0]} movbe"
    vm.agent.wait(lambda: "undefined instruction" in log(host) and
                  text in log(host), 30, "isahpd's line")
    t.say(next(line for line in log(host).splitlines() if text in line))


def log(host) -> str:
    return host.shim.log.read_text(errors="replace")


e2e.main(test)
