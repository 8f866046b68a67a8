#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Without BMI1 and ABM, TZCNT and LZCNT do not trap: they compute something
else. A target that lacks one of them is refused. The plain migration to it
succeeds, and a program that runs on there computes wrongly, in silence."""

from lab import cpus, e2e
from lab.shim import CtlError


def test(t: e2e.Test) -> None:
    rich = t.host("rich", cpus.RICH)
    with t.vm() as vm:
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        job = vm.agent.start(["silent"])
        wait_line(job, "right")
        for names in (("bmi1",), ("abm",), ("bmi1", "abm")):
            target = ",".join([cpus.POOR, *(f"-{n}" for n in names)])
            try:
                vm.move(t.host("-".join(names), target))
                raise AssertionError(f"moved to where {names} are missing")
            except CtlError as error:
                t.say(f"refused: {error}")
                e2e.require_equal(error.exit, 3, "exit code")
                for name in names:
                    e2e.require(f"{name} (silent" in str(error),
                                f"{name} is not named")
        wait_line(job, "right")
        e2e.require(not wrong(job), f"wrong already: {wrong(job)[:1]}")

        vm.plain_move(t.host("control", f"{cpus.POOR},-bmi1,-abm"))
        line = wait_line(job, "wrong")
        t.say(f"control, a plain migration there: {line}")
        e2e.require("tzcnt=64" not in line and "lzcnt=63" not in line,
                    f"one of them was right: {line}")
        e2e.require(job.end is None, f"it has died: {job.end}")


def wrong(job) -> list[str]:
    return [line for line in job.lines() if line.startswith("wrong")]


def wait_line(job, word: str) -> str:
    return job.wait_line(lambda line: line.startswith(word),
                         since=len(job.lines()))


e2e.main(test)
