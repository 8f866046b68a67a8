#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""CPUs come and go while records come in, 32-bit threads run and their entry
changes: every call is right. The guest rehearses suspend and hibernation, as deep
as the kernel can without a wake-up from outside (CPUs and devices off,
hibernation's snapshot made and taken back), with records coming in meanwhile: each
is answered, at the latest when the guest is awake."""

import signal

from lab import cpus, e2e, standin
from lab.entry32 import calls
from lab.standin import ABORT, AMD, ANNOUNCE, PREPARE

AVX2 = 32
ROUNDS = 12
# Each rehearsal lasts some seconds.
REHEARSALS = (("freeze", "devices"), ("mem", "freezer"), ("mem", "core"),
              ("disk", "devices"), ("disk", "core"))


def test(t: e2e.Test) -> None:
    t.need_program("vsys32", "install gcc-multilib")
    host = t.stand_in("rich", cpus.RICH)
    with t.vm() as vm:
        vm.boot(host)
        present = host.await_registered().visible
        host.await_answer(host.say(ANNOUNCE, present))
        probe = vm.agent.start(["isahp_probe", "register", "avx2"])
        probe.wait_line(lambda line: line.startswith("ready"))
        threads = vm.agent.start(["vsys32", "--threads", "3"])
        check_hotplug(t, vm, host, present, threads)
        check_rehearsals(t, vm, host, present)
        t.say(f"{calls(threads)} 32-bit calls, 0 wrong")
        for job in (probe, threads):
            job.signal(signal.SIGKILL)


def removal(host, present, vendor_next: int = standin.INTEL) -> None:
    said = host.say(PREPARE, present, standin.features(AVX2), 30000,
                    vendor_next=vendor_next)
    answer = host.await_answer(said)
    e2e.require_equal((answer.verdict, answer.concerned), (standin.ACK, 1),
                      "verdict and concerned")
    host.await_answer(host.say(ABORT, present), standin.ACK)


def check_hotplug(t, vm, host, present, threads) -> None:
    changes = int(vm.isahp("figures/entry_changes"))
    first = calls(threads)
    online = "/sys/devices/system/cpu/cpu1/online"
    job = vm.agent.start(["sh", "-c", f"for i in $(seq {ROUNDS}); do "
                          f"echo 0 > {online} || exit 1; "
                          f"echo 1 > {online} || exit 1; done"])
    removals = 0
    while job.end is None:
        removal(host, present, AMD)
        removals += 1
    e2e.require_equal(job.end.code, 0, f"exit code: {job.err}")
    changes = int(vm.isahp("figures/entry_changes")) - changes
    t.say(f"{ROUNDS} times CPU 1 off and on, {removals} removals, {changes} "
          f"changes of the entry, {calls(threads) - first} calls, 0 wrong")
    e2e.require(removals > 1 and changes >= 2 * removals, "hardly anything "
                "happened meanwhile")
    vm.agent.sh(f"echo 0 > {online}")
    removal(host, present, AMD)
    vm.agent.sh(f"echo 1 > {online}")
    calls(threads)


def check_rehearsals(t, vm, host, present) -> None:
    vm.agent.sh("echo 1 > /sys/module/suspend/parameters/pm_test_delay")
    for state, level in REHEARSALS:
        job = vm.agent.start(
            ["sh", "-c", f"echo {level} > /sys/power/pm_test && "
             f"echo {state} > /sys/power/state"])
        removals = 0
        while job.end is None:
            removal(host, present)
            removals += 1
        e2e.require_equal(job.end.code, 0, f"{state} to {level}: {job.err}")
        removal(host, present)
        t.say(f"{state} rehearsed to {level}, {removals} removals beside it")
    vm.agent.sh("echo none > /sys/power/pm_test")


e2e.main(test)
