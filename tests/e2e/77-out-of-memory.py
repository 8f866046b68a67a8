#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A guest that runs out of memory goes on answering: a registrant that the OOM
killer takes in the middle of a removal has answered by its end, and each removal
before, while and after memory is gone is answered by who is left."""

from lab import cpus, e2e, standin
from lab.standin import ABORT, ANNOUNCE, PREPARE

AVX2 = 32
MEALS = 3


def test(t: e2e.Test) -> None:
    host = t.stand_in("rich", cpus.RICH)
    with t.vm(memory_mib=256) as vm:
        # The trace that tells who was killed.
        vm.allow += ["invoked oom-killer", "Call Trace"]
        vm.boot(host)
        present = host.await_registered().visible
        host.await_answer(host.say(ANNOUNCE, present))
        vm.agent.sh("echo -1000 > /proc/1/oom_score_adj")
        probe = vm.agent.start(["isahp_probe", "register", "avx2"])
        probe.wait_line(lambda line: line.startswith("ready"))
        for meal in range(MEALS):
            check_meal(t, vm, host, present)
        e2e.require(probe.end is None, "the probe has ended")
        e2e.require(vm.console_text().count("Killed process") >= MEALS,
                    "nobody was killed")


def check_meal(t, vm, host, present) -> None:
    eater = vm.agent.start(["isahp_hostile", "eat"])
    eater.wait_line(lambda line: line == "ready")
    said = host.say(PREPARE, present, standin.features(AVX2), 100000)
    answer = host.await_answer(said, timeout_s=100)
    e2e.require_equal((answer.verdict, answer.concerned, answer.laggards),
                      (standin.ACK, 2, 0), "verdict, concerned, laggards")
    e2e.require_equal(eater.wait(60).signal, 9, "what ended the eater")
    host.await_answer(host.say(ABORT, present), standin.ACK)
    said = host.say(PREPARE, present, standin.features(AVX2), 100000)
    answer = host.await_answer(said)
    e2e.require_equal((answer.verdict, answer.concerned), (standin.ACK, 1),
                      "verdict and concerned afterwards")
    host.await_answer(host.say(ABORT, present), standin.ACK)
    t.say(f"eaten, killed, answered in {answer.elapsed_ns / 1e6:.0f} ms; "
          + vm.agent.sh("grep MemFree /proc/meminfo"))


e2e.main(test)
