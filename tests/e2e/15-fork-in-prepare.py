#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A process forks while it is asked to let go. The child is no registrant: it
can neither answer for its parent nor take over the parent's file, and the
parent's answer is the parent's. Once the child registers a file of its own it
counts, and is the one that is waited for; when it dies, the guest agrees."""

import re
import signal

from lab import cpus, e2e

DEADLINE_MS = 50000


def test(t: e2e.Test) -> None:
    rich = t.host("rich", cpus.RICH)
    shim = rich.shim
    with t.vm() as vm:
        vm.boot(rich)
        shim.await_vm(vm.name)
        parent = probe(vm, "--on-prepare", "fork")
        # Keeps the guest from agreeing before the child has registered.
        silent = probe(vm, "--never")
        prepared = shim.start("prepare", vm.name, "--remove", "avx2",
                              "--deadline", str(DEADLINE_MS))
        child = child_pid(parent)
        check_child_was_refused(parent)
        said = parent.wait_line(lambda line: line.startswith("ack "))
        e2e.require(said.endswith("result=0"), f"the parent's answer: {said}")

        vm.wait_isahp("pending", "2")
        e2e.require_equal(vm.isahp("registrants"), "3", "registrants")
        silent.signal(signal.SIGKILL)
        vm.wait_isahp("pending", "1")
        e2e.require_equal(vm.isahp("laggards"), f"{child} isahp_probe pending",
                          "who is waited for")
        e2e.require(not prepared.is_over(), "the child was passed over")
        vm.agent.sh(f"kill -9 {child}")
        answer = prepared.wait()
        t.say(f"prepare: {answer}")
        e2e.require_equal(answer["verdict"], "ack", "verdict")
        e2e.require(answer["guest_elapsed_ms"] < DEADLINE_MS - 5000,
                    "it waited for the deadline")
        shim.ctl("abort", vm.name)
        shim.await_vm(vm.name)
        e2e.require("avx2" in vm.isahp("usable").split(), "avx2 is not back")
        e2e.require_equal(vm.isahp("registrants"), "1", "registrants")
        parent.signal(signal.SIGKILL)


def probe(vm, *options: str):
    job = vm.agent.start(["isahp_probe", "register", "avx2", *options])
    job.wait_line(lambda line: line.startswith("ready"))
    return job


def child_pid(parent) -> int:
    line = parent.wait_line(lambda s: s.startswith("child register result="))
    match = re.fullmatch(r"child register result=0 pid=(\d+)", line)
    e2e.require(match is not None, f"the child could not register: {line}")
    return int(match[1])


def check_child_was_refused(parent) -> None:
    for call, error in (("ack", "ESTALE"), ("read", "ESTALE"),
                        ("register-on-parent's", "EBUSY")):
        said = parent.wait_line(
            lambda line, c=call: line.startswith(f"child {c} "))
        e2e.require_equal(said, f"child {call} result={error}",
                          "what the child was told")


e2e.main(test)
