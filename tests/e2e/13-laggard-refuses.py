#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A process that is stopped can not leave its AVX2 code. The migration is
refused, with its pid and name; the guest stays and is as it was; once the
process runs again, the migration works."""

import signal

from lab import cpus, e2e
from lab.mathdemo import MathDemo
from lab.shim import CtlError


def test(t: e2e.Test) -> None:
    rich, poor = t.host("rich", cpus.RICH), t.host("poor", cpus.POOR)
    with t.vm() as vm:
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        stopped = MathDemo(vm.agent, label="stopped")
        running = MathDemo(vm.agent, label="running")
        for demo in (stopped, running):
            demo.wait_variant("avx2")
        stopped.job.signal(signal.SIGSTOP)
        try:
            vm.move(poor, "--deadline", "3000")
            raise AssertionError("the laggard was left behind")
        except CtlError as error:
            t.say(f"refused: {error}")
            check_refusal(error, stopped.job.pid)
        e2e.require(vm.host is rich, "the guest has moved")
        rich.shim.await_vm(vm.name)
        running.wait_variant("avx2")
        e2e.require(f"process {stopped.job.pid} (mathdemo) has not answered"
                    in vm.console_text(), "the kernel does not name it")

        stopped.job.signal(signal.SIGCONT)
        stopped.wait_variant("avx2")
        vm.move(poor)
        for demo in (stopped, running):
            demo.wait_variant("sse2")
            demo.end()


def check_refusal(error: CtlError, pid: int) -> None:
    e2e.require_equal(error.exit, 4, "exit code")
    e2e.require(f"pid {pid}" in str(error) and "mathdemo" in str(error),
                f"pid {pid} is not named: {error}")


e2e.main(test)
