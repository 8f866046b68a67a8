#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Without a migration: a removal that is announced moves a running program to
another variant before it is committed, an addition moves it back; who uses
none of what leaves is not asked; a process that vetoes is named, and all is as
it was."""

from lab import cpus, e2e
from lab.mathdemo import MathDemo
from lab.shim import CtlError


def test(t: e2e.Test) -> None:
    rich = t.host("rich", cpus.RICH)
    shim = rich.shim
    with t.vm() as vm:
        vm.boot(rich)
        shim.await_vm(vm.name)
        e2e.require_equal(vm.isahp("transport"), "ivshmem-doorbell",
                          "transport")
        demo = MathDemo(vm.agent)
        demo.wait_variant("avx2")
        other = probe(vm, "aes")

        removed = shim.ctl("announce", vm.name, "--remove", "avx2")
        t.say(f"removed: {removed}")
        demo.wait_variant("sse2")
        check_features(vm, shim, gone={"avx2"})
        e2e.require_equal(removed["prepare"]["verdict"], "ack", "verdict")
        e2e.require_equal((removed["prepare"]["registrants"],
                           removed["prepare"]["concerned"]), (2, 1),
                          "registrants and concerned")

        shim.ctl("announce", vm.name, "--add", "avx2")
        demo.wait_variant("avx2")
        check_features(vm, shim, gone=set())
        e2e.require_equal([line for line in other.lines() if "prepare" in line],
                          [], "events of who does not use avx2")

        check_veto(t, vm, shim, demo)
        summary = demo.end()
        t.say(f"{summary['calls_all']} calls, {summary['swaps']} swaps, "
              f"{summary['wrong']} wrong")
        e2e.require(summary["swaps"] >= 6, "three operations, twice")


def probe(vm, features: str, *options: str):
    job = vm.agent.start(["isahp_probe", "register", features, *options])
    job.wait_line(lambda line: line.startswith("ready"))
    return job


def check_features(vm, shim, gone: set[str]) -> None:
    shim.await_vm(vm.name)
    usable = set(vm.isahp("usable").split())
    shown = set(shim.show(vm.name)["record"]["present"])
    e2e.require_equal({"avx2"} - usable, gone, "gone from usable")
    e2e.require_equal({"avx2"} - shown, gone, "gone from the shim's record")
    e2e.require_equal((vm.isahp("phase"), vm.isahp("leaving")),
                      ("steady", ""), "phase and leaving")


def check_veto(t, vm, shim, demo) -> None:
    veto = probe(vm, "avx2", "--veto")
    try:
        shim.ctl("announce", vm.name, "--remove", "avx2")
        raise AssertionError("a veto was passed over")
    except CtlError as error:
        t.say(f"veto: {error}")
        e2e.require_equal(error.exit, 4, "exit code")
        e2e.require(f"pid {veto.pid}" in str(error), "the pid is not named")
    check_features(vm, shim, gone=set())
    demo.wait_variant("avx2")
    veto.signal(9)


e2e.main(test)
