#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The chain: while a program computes, its guest moves from a rich host to a
poor one and back, twice, by isahpctl. It has left its AVX2 code before each
move away, is back in it after each move back, gives no wrong result and meets
no SIGILL."""

from lab import cpus, e2e
from lab.mathdemo import MathDemo


def test(t: e2e.Test) -> None:
    rich, poor = t.host("rich", cpus.RICH), t.host("poor", cpus.POOR)
    with t.vm() as vm:
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        demo = MathDemo(vm.agent, threads=4)
        demo.wait_variant("avx2")
        for target, variant in ((poor, "sse2"), (rich, "avx2")) * 2:
            info = vm.move(target)
            line = demo.wait_variant(variant)
            t.say(f"on {target.name}: {variant}, {line['calls_total']}, "
                  f"stopped for {info['downtime_ms']:.0f} ms, "
                  f"acknowledged there after {info['commit_ms']:.1f} ms")
            check_guest(vm, target)
        summary = demo.end()
        t.say(f"{summary['calls_all']} calls, {summary['swaps']} swaps, "
              f"{summary['wrong']} wrong, {summary['acks']} acks")
        check_summary(summary)


def check_guest(vm, host) -> None:
    usable = set(vm.isahp("usable").split())
    want = set() if host.name == "poor" else set(cpus.LOST)
    e2e.require_equal(usable & set(cpus.LOST), want, "usable")
    e2e.require_equal(vm.isahp("phase"), "steady", "phase")
    flags = set(vm.agent.sh(
        "isahp_probe state | sed 's/.*usable=//'").split(","))
    e2e.require_equal(flags & set(cpus.LOST), want, "the state page")


def check_summary(summary) -> None:
    e2e.require_equal((summary["wrong"], summary["error"]), (0, 0),
                      "wrong results and errors")
    for operation, served in summary["served"].items():
        e2e.require(served["avx2"] > 0 and served["sse2"] > 0,
                    f"{operation} was served by {served}")
    e2e.require(summary["swaps"] >= 12, "three operations, four times")


e2e.main(test)
