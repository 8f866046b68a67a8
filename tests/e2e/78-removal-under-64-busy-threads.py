#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sixty-four threads that compute without a pause are moved off AVX2 before it
goes, and back, time and again: every result is right, and nobody outstays the
deadline."""

from lab import cpus, e2e
from lab.mathdemo import MathDemo

THREADS, ROUNDS = 64, 3
DEADLINE_MS = 60000


def test(t: e2e.Test) -> None:
    rich = t.host("rich", cpus.RICH)
    with t.vm() as vm:
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        demo = MathDemo(vm.agent, threads=THREADS)
        demo.wait_variant("avx2")
        for _ in range(ROUNDS):
            gone = rich.shim.ctl("announce", vm.name, "--remove", "avx2",
                                 "--deadline", str(DEADLINE_MS))["prepare"]
            t.say(f"removed under {THREADS} threads: "
                  f"{gone['guest_elapsed_ms']:.1f} ms")
            e2e.require_equal((gone["verdict"], gone["concerned"],
                               gone["laggards_total"]), ("ack", 1, 0),
                              "verdict, concerned, laggards")
            demo.wait_variant("sse2")
            rich.shim.ctl("announce", vm.name, "--add", "avx2")
            demo.wait_variant("avx2")
        end = demo.end()
        t.say(f"{end['calls_all']} calls, {end['wrong']} wrong")


e2e.main(test)
