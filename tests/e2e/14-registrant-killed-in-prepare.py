#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A process that dies while it is waited for has answered: the migration goes
on at once, long before the deadline. One that closed its file and runs on has
not, and is counted as untracked."""

import signal

from lab import cpus, e2e
from lab.mathdemo import MathDemo

DEADLINE_MS = 50000


def test(t: e2e.Test) -> None:
    rich, poor = t.host("rich", cpus.RICH), t.host("poor", cpus.POOR)
    with t.vm() as vm:
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        demo = MathDemo(vm.agent)
        demo.wait_variant("avx2")
        silent = probe(vm, "--never")
        move = vm.start_move(poor, "--deadline", str(DEADLINE_MS))
        silent.wait_line(lambda line: "type=prepare" in line)
        demo.wait_variant("sse2")
        vm.wait_isahp("pending", "1")
        e2e.require_equal(vm.isahp("laggards").split()[0], str(silent.pid),
                          "who is waited for")
        silent.signal(signal.SIGKILL)
        answer = move.wait()["answer"]
        t.say(f"moved; answer: {answer}")
        e2e.require_equal((answer["verdict"], answer["laggards_total"]),
                          ("ack", 0), "verdict and laggards")
        e2e.require(answer["guest_elapsed_ms"] < DEADLINE_MS - 5000,
                    "it waited for the deadline")
        demo.wait_variant("sse2")

        vm.move(rich)
        demo.wait_variant("avx2")
        check_untracked(t, vm, rich)
        demo.end()


def probe(vm, *options: str):
    job = vm.agent.start(["isahp_probe", "register", "avx2", *options])
    job.wait_line(lambda line: line.startswith("ready"))
    return job


def check_untracked(t, vm, rich) -> None:
    closer = probe(vm, "--on-prepare", "close")
    done = rich.shim.ctl("announce", vm.name, "--remove", "avx2")
    t.say(f"with one that closed: {done['prepare']}")
    e2e.require_equal(done["prepare"]["untracked"], 1, "untracked")
    e2e.require_equal(vm.isahp("untracked"), "1", "untracked in sysfs")
    closer.signal(signal.SIGKILL)
    vm.wait_isahp("untracked", "0")


e2e.main(test)
