#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The module goes when it may, and only then: not under an open file, nor under
a mapping whose file is closed, not in a removal that somebody is asked in; but
under running 32-bit threads on the other vendor's CPU, and in a removal that
nobody holds up. The host hears of it, and of its return. Many times in a row,
while processes open the device and the host speaks."""

import signal
import time

from lab import cpus, e2e, standin
from lab.entry32 import calls
from lab.standin import ABORT, AMD, ANNOUNCE, INTEL, PREPARE

AVX2 = 32
RELOADS = 12
LOAD = "insmod /lib/modules/isahp.ko"


def test(t: e2e.Test) -> None:
    t.need_program("vsys32", "install gcc-multilib")
    host = t.stand_in("rich", cpus.RICH)
    with t.vm() as vm:
        vm.boot(host)
        present = host.await_registered().visible
        host.await_answer(host.say(ANNOUNCE, present))
        check_in_use(t, vm, host, present)
        check_in_prepare(t, vm, host, present)
        check_under_threads(t, vm, host, present)
        check_again_and_again(t, vm, host, present)


def unload(vm) -> int:
    return vm.agent.run(["rmmod", "isahp"], check=False).code


def load(vm, host) -> None:
    host.wait(lambda: host.guest is None, "the goodbye")
    vm.agent.sh(LOAD)
    host.await_registered()


def check_in_use(t, vm, host, present) -> None:
    job = vm.agent.start(["isahp_probe", "register", "avx2"])
    job.wait_line(lambda line: line.startswith("ready"))
    e2e.require(unload(vm) != 0, "unloaded under an open file")
    said = host.say(PREPARE, present, standin.features(AVX2), 20000)
    e2e.require_equal(host.await_answer(said).concerned, 1, "concerned")
    host.await_answer(host.say(ABORT, present))
    # With the file closed, a mapping alone.
    end(vm, job)
    job = vm.agent.start(["isahp_probe", "map"])
    job.wait_line(lambda line: line == "mapped")
    e2e.require(unload(vm) != 0, "unloaded under a mapping")
    end(vm, job)
    vm.wait_isahp("registrants", "0")
    e2e.require_equal(host.left, 0, "goodbyes")
    t.say("refused while in use")


def end(vm, job) -> None:
    job.signal(signal.SIGKILL)
    job.wait()


def check_in_prepare(t, vm, host, present) -> None:
    job = vm.agent.start(["isahp_probe", "register", "avx2", "--never"])
    job.wait_line(lambda line: line.startswith("ready"))
    said = host.say(PREPARE, present, standin.features(AVX2), 60000)
    vm.wait_isahp("pending", "1")
    e2e.require(unload(vm) != 0, "unloaded in a removal that is asked for")
    end(vm, job)
    host.await_answer(said, standin.ACK)
    closer = vm.agent.start(["isahp_probe", "register", "avx2", "--on-prepare",
                             "close"])
    closer.wait_line(lambda line: line.startswith("ready"))
    host.await_answer(host.say(ABORT, present))
    said = host.say(PREPARE, present, standin.features(AVX2), 60000)
    e2e.require_equal(host.await_answer(said, standin.ACK).untracked, 1,
                      "untracked")
    vm.agent.sh("until rmmod isahp 2> /dev/null; do sleep 0.05; done")
    e2e.require_equal(host.left, 1, "goodbyes")
    # The record is the same; whoever is new answers it.
    before = len(host.find(said))
    load(vm, host)
    host.wait(lambda: len(host.find(said)) > before, "the answer of the new one")
    e2e.require_equal((host.find(said)[-1].verdict, vm.isahp("phase"),
                       vm.isahp("untracked")), (standin.ACK, "quiesced", "0"),
                      "verdict, phase, untracked ones")
    end(vm, closer)
    host.await_answer(host.say(ABORT, present))
    t.say("unloaded in a removal, and back in it")


def check_under_threads(t, vm, host, present) -> None:
    job = vm.agent.start(["vsys32", "--threads", "2"])
    calls(job)
    # Nothing but the record says so: the CPU stays what it is.
    host.await_answer(host.say(PREPARE, present, vendor_next=AMD,
                               deadline_ms=20000), standin.ACK)
    e2e.require_equal(vm.isahp("entry"), "int80", "the entry")
    e2e.require_equal(unload(vm), 0, "exit code of rmmod")
    first = calls(job)
    load(vm, host)
    e2e.require(calls(job) > first, "the threads stand still")
    host.await_answer(host.say(ABORT, present, vendor=INTEL), standin.ACK)
    e2e.require_equal(vm.isahp("entry"), "sysenter", "the entry")
    t.say(f"under 32-bit threads: {calls(job)} calls, 0 wrong")
    end(vm, job)


def check_again_and_again(t, vm, host, present) -> None:
    users = [vm.agent.start(["sh", "-c", "while :; do isahp_probe info; done"])
             for _ in range(2)]
    job = vm.agent.start(["vsys32", "--threads", "2"])
    calls_before = len(host.calls)
    reload = vm.agent.start(
        ["sh", "-c", f"for i in $(seq {RELOADS}); do "
         f"until rmmod isahp 2> /dev/null; do :; done; {LOAD} || exit 1; done"])
    said = 0
    while reload.end is None:
        host.say(PREPARE, present, standin.features(AVX2), 5000,
                 vendor_next=AMD if said % 3 == 0 else INTEL)
        host.say(ABORT, present)
        said += 2
        host.ring(1)
        # As a busy host; one that never pauses is 72's.
        time.sleep(0.005)
    e2e.require_equal(reload.end.code, 0, f"exit code: {reload.err}")
    for user in users:
        user.signal(signal.SIGKILL, group=True)
    told = [line for line in users[0].lines() if line.startswith("info")]
    host.await_registered()
    host.await_answer(host.say(ANNOUNCE, present), standin.ACK)
    made = host.calls[calls_before:]
    e2e.require_equal(left_in_silence(made), 0, "goodbyes that are missing")
    e2e.require(RELOADS // 2 < made.count(standin.REGISTER) <= RELOADS,
                "the module hardly ever registered")
    t.say(f"{RELOADS} reloads, {said} records, {len(told)} users served; "
          f"{calls(job)} 32-bit calls, 0 wrong")
    e2e.require(bool(told), "no user was served meanwhile")
    end(vm, job)


def left_in_silence(calls: list[int]) -> int:
    """Who registered, and was followed by another without a word. One that was
    unloaded early may say goodbye alone: its introduction was overtaken."""
    order = [c for c in calls if c in (standin.REGISTER, standin.UNREGISTER)]
    return sum(a == b == standin.REGISTER for a, b in zip(order, order[1:]))


e2e.main(test)
