#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ten thousand registrations, in 200 processes: a removal is answered by all
of them; who uses nothing of what leaves sleeps on, by the scheduler's count; a
thousand records in a row reach each reader as few events that say how many they
stand for, and the answer names the newest; what closes without a word is
counted, what ends is not."""

import re
import signal

from lab import cpus, e2e, standin
from lab.standin import ABORT, PREPARE

PROCESSES, FILES, OTHERS = 200, 50, 100
REGISTRANTS = PROCESSES * FILES
BURST = 1000
REMOVALS = 5
FMA, MOVBE, AVX2 = 3, 7, 32
SETTLED_MS = 60000


def test(t: e2e.Test) -> None:
    host = t.stand_in("rich", cpus.RICH)
    with t.vm(memory_mib=768) as vm:
        vm.boot(host)
        present = host.await_registered().visible
        first = host.say(standin.ANNOUNCE, present)
        host.await_answer(first, standin.ACK)
        vm.agent.sh("mount -t cgroup2 cgroup /sys/fs/cgroup && "
                    "echo +memory > /sys/fs/cgroup/cgroup.subtree_control && "
                    "mkdir /sys/fs/cgroup/crowd")
        crowd = vm.agent.start(
            ["isahp_crowd", "--processes", str(PROCESSES), "--files", str(FILES),
             "--interest", str(AVX2), "--others", str(OTHERS),
             "--others-interest", str(MOVBE), "--cgroup", "/sys/fs/cgroup/crowd"])
        crowd.wait_line(lambda line: line.startswith("ready"), 120)
        t.say("; ".join(crowd.lines()))
        e2e.require_equal(int(vm.isahp("registrants")), REGISTRANTS + OTHERS,
                          "registrants")
        check_removal(t, host, crowd, present)
        check_burst(t, vm, host, crowd, present)
        check_control(t, host, crowd, present)
        check_missed(t, vm, host, crowd, present)
        check_end(t, vm, host, crowd, present)


def figures(crowd) -> dict[str, int]:
    seen = len(crowd.lines())
    crowd.signal(signal.SIGUSR1)
    line = crowd.wait_line(lambda line: line.startswith("crowd"), since=seen)
    return {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", line)}


def wait_all_read(crowd, sequence: int) -> dict[str, int]:
    """Who acknowledged has read; an ABORT is read when it suits the reader."""
    for _ in range(200):
        now = figures(crowd)
        if now["newest_min"] == sequence:
            return now
    raise AssertionError(f"not all have read sequence {sequence}: {now}")


def check_removal(t, host, crowd, present) -> None:
    said = host.say(PREPARE, present, standin.features(AVX2), SETTLED_MS)
    answer = host.await_answer(said, timeout_s=90)
    t.say(f"removal: {answer.elapsed_ns / 1e6:.1f} ms in the guest")
    e2e.require_equal(
        (answer.verdict, answer.registrants, answer.concerned, answer.laggards),
        (standin.ACK, REGISTRANTS + OTHERS, REGISTRANTS, 0), "the answer")
    now = figures(crowd)
    e2e.require_equal((now["acks"], now["errors"]), (REGISTRANTS, 0),
                      "acknowledgements and errors")
    host.await_answer(host.say(ABORT, present))
    now = wait_all_read(crowd, host.sequence)
    t.say(f"back: {now}")
    e2e.require_equal((now["others_woken"], now["others_events"]), (0, 0),
                      "wake-ups of those that are not concerned")


def check_burst(t, vm, host, crowd, present) -> None:
    before, told = figures(crowd), int(vm.isahp("figures/wakeups"))
    states = int(vm.isahp("figures/states"))
    answers = len(host.answers)
    for _ in range(BURST // 2 - 1):
        host.say(PREPARE, present, standin.features(AVX2), SETTLED_MS)
        host.say(ABORT, present)
    host.say(ABORT, present)
    last = host.say(PREPARE, present, standin.features(AVX2), SETTLED_MS)
    answer = host.await_answer(last, timeout_s=120)
    e2e.require_equal((answer.verdict, answer.concerned, answer.laggards),
                      (standin.ACK, REGISTRANTS, 0), "the last answer")
    after = figures(crowd)
    e2e.require_equal((after["newest_min"], after["newest_max"]),
                      (last.sequence, last.sequence), "sequences read last")
    events = after["events"] - before["events"]
    missed = after["missed"] - before["missed"]
    told = int(vm.isahp("figures/wakeups")) - told
    states = int(vm.isahp("figures/states")) - states
    t.say(f"{BURST} records: {states} states, {len(host.answers) - answers} "
          f"answers; each reader got {events / REGISTRANTS:.1f} events for "
          f"{told / REGISTRANTS:.1f}; {after}")
    e2e.require_equal(events + missed, told, "events read and missed")
    e2e.require(events < BURST * REGISTRANTS // 10, "nothing was coalesced")
    e2e.require_equal((after["others_woken"], after["others_events"]), (0, 0),
                      "wake-ups of those that are not concerned")
    host.await_answer(host.say(ABORT, present))
    wait_all_read(crowd, host.sequence)


def check_missed(t, vm, host, crowd, present) -> None:
    """Who sleeps through removals reads one event that counts the others, and
    has nothing to acknowledge."""
    before = wait_all_read(crowd, host.sequence - 2)
    crowd.signal(signal.SIGSTOP, group=True)
    vm.agent.sh(f"until [ $(cat /proc/[0-9]*/stat 2> /dev/null | "
                f"grep -c '(isahp_crowd) T') = {PROCESSES + OTHERS + 1} ]; "
                "do sleep 0.05; done")
    for _ in range(REMOVALS):
        said = host.say(PREPARE, present, standin.features(AVX2), SETTLED_MS)
        vm.wait_isahp("sequence", str(said.sequence))
        host.await_answer(host.say(ABORT, present))
    crowd.signal(signal.SIGCONT, group=True)
    now = wait_all_read(crowd, host.sequence)
    t.say(f"slept through {REMOVALS} removals: {now}")
    e2e.require_equal(
        [now[what] - before[what] for what in ("events", "missed", "acks")],
        [REGISTRANTS, (2 * REMOVALS - 1) * REGISTRANTS, 0],
        "events, missed ones, acknowledgements")


def check_control(t, host, crowd, present) -> None:
    """The count of wake-ups counts: what concerns the others wakes each once,
    and the crowd not at all."""
    before = figures(crowd)
    said = host.say(PREPARE, present, standin.features(MOVBE), 500)
    answer = host.await_answer(said)
    e2e.require_equal((answer.verdict, answer.concerned, answer.laggards),
                      (standin.ACK, OTHERS, 0), "the answer")
    now = figures(crowd)
    t.say(f"control: {now}")
    e2e.require(now["others_woken"] >= OTHERS, "wake-ups are not counted")
    e2e.require_equal(now["events"], before["events"], "events of the crowd")
    host.await_answer(host.say(ABORT, present))


def check_end(t, vm, host, crowd, present) -> None:
    """The end of everybody in the middle of a removal answers it."""
    crowd.signal(signal.SIGSTOP, group=True)
    said = host.say(PREPARE, present, standin.features(AVX2), SETTLED_MS)
    vm.wait_isahp("pending", str(REGISTRANTS))
    crowd.signal(signal.SIGKILL, group=True)
    answer = host.await_answer(said, standin.ACK, timeout_s=90)
    t.say(f"killed in a removal: {answer.elapsed_ns / 1e6:.1f} ms")
    vm.wait_isahp("registrants", "0")
    e2e.require_equal((answer.concerned, answer.laggards, answer.untracked),
                      (REGISTRANTS, 0, 0), "the answer")
    host.await_answer(host.say(ABORT, present))
    # An mm ends before its files do.
    vm.agent.sh("until [ $(cat /sys/module/isahp/refcnt) = 0 ]; "
                "do sleep 0.05; done; rmmod isahp")
    e2e.require_equal(host.left, 1, "goodbyes")


e2e.main(test)
