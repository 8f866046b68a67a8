#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A process forks while it is asked to let go. The child is no registrant: it
can neither answer for its parent nor be waited for by the parent's file. Once
it registers a file of its own it counts, and holds up the next removal. The
parent's answer is the parent's."""

import re
import signal

from lab import cpus, e2e
from lab.shim import CtlError


def test(t: e2e.Test) -> None:
    rich = t.host("rich", cpus.RICH)
    shim = rich.shim
    with t.vm() as vm:
        vm.boot(rich)
        shim.await_vm(vm.name)
        parent = vm.agent.start(["isahp_probe", "register", "avx2",
                                 "--on-prepare", "fork", "--ack-ms", "500"])
        parent.wait_line(lambda line: line.startswith("ready"))
        prepared = shim.start("prepare", vm.name, "--remove", "avx2",
                              "--deadline", "30000")
        child = child_pid(parent)
        for call in ("ack", "read"):
            said = parent.wait_line(
                lambda line, c=call: line.startswith(f"child {c} "))
            e2e.require_equal(said, f"child {call} result=ESTALE",
                              "what the child was told")
        said = parent.wait_line(
            lambda line: line.startswith("child register-on-parent"))
        e2e.require_equal(said.split("result=")[1], "EBUSY",
                          "what the child was told of its parent's file")
        answer = prepared.wait()
        t.say(f"prepare: {answer}")
        e2e.require_equal(answer["verdict"], "ack", "the parent's answer")
        shim.ctl("abort", vm.name)
        shim.await_vm(vm.name)

        check_child_holds_up(t, vm, shim, child)
        parent.signal(signal.SIGKILL)
        vm.check()


def child_pid(parent) -> int:
    line = parent.wait_line(lambda s: s.startswith("child register result="))
    match = re.fullmatch(r"child register result=0 pid=(\d+)", line)
    e2e.require(match is not None, f"the child could not register: {line}")
    return int(match[1])


def check_child_holds_up(t, vm, shim, child: int) -> None:
    """The child never answers; the parent forks again, and answers."""
    e2e.require_equal(vm.isahp("registrants"), "2", "registrants")
    try:
        shim.ctl("announce", vm.name, "--remove", "avx2", "--deadline", "3000")
        raise AssertionError("the child was passed over")
    except CtlError as error:
        t.say(f"refused: {error}")
        e2e.require_equal(error.exit, 4, "exit code")
        e2e.require(f"pid {child}" in str(error), "the child is not named")
    shim.await_vm(vm.name)
    e2e.require("avx2" in vm.isahp("usable").split(), "avx2 is not back")


e2e.main(test)
