#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The controls: the same math program bound to AVX2 once at start dies of
SIGILL in its own AVX2 code when its guest is moved to the poor host, one bound
to SSE2 does not; a wrong result that is planted is counted and told."""

import json
import signal

from lab import cpus, e2e
from lab.agent import End
from lab.mathdemo import MathDemo


def test(t: e2e.Test) -> None:
    with t.vm() as vm:
        vm.boot(t.plain_host("rich", cpus.RICH))
        check_planted(t, vm)
        bound = MathDemo(vm.agent, "--bind", "avx2", label="bound")
        careful = MathDemo(vm.agent, "--bind", "sse2", label="careful")
        bound.wait_variant("avx2")
        careful.wait_variant("sse2")
        # In which object, the kernel says in a line of its own when two threads
        # die at once; the program itself tells in whose code.
        vm.allow.append(r"traps: mathdemo\[\d+\] trap invalid opcode")
        vm.plain_move(t.plain_host("poor", cpus.POOR))
        check_death(t, bound)
        careful.wait_calls()
        careful.end()


def check_death(t, bound) -> None:
    end = bound.job.wait()
    e2e.require_equal(end, End(signal=signal.SIGILL), "the end of bound")
    said = [line["sigill"] for line in bound.lines() if "sigill" in line]
    t.say(f"bound to avx2: {end}, {said}")
    e2e.require_equal([s["variant"] for s in said], ["avx2"],
                      "whose code it died in")


def check_planted(t, vm) -> None:
    result = vm.agent.run(["mathdemo", "--json", "--plant-wrong", "100",
                           "--threads", "2", "--seconds", "1"], check=False)
    lines = [json.loads(line) for line in result.out.splitlines()]
    summary = lines[-1]["summary"]
    t.say(f"planted: {summary['wrong']} wrong of {summary['calls_all']}, "
          f"exit code {result.code}")
    e2e.require_equal((summary["wrong"], summary["planted"], result.code),
                      (1, True, 1), "wrong, planted, exit code")
    e2e.require(any("wrong_result" in line for line in lines),
                "the wrong result was not told")


e2e.main(test)
