#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A migration that is cancelled, that loses its target half-way, or that has
no target to begin with, leaves the guest where it was and as it was: the
program is back in its AVX2 code, and the next migration works."""

from lab import cpus, e2e
from lab.mathdemo import MathDemo
from lab.shim import CtlError

SLOW_BYTES_PER_S = 2_000_000
FAST_BYTES_PER_S = 1 << 30


def test(t: e2e.Test) -> None:
    rich, poor = t.host("rich", cpus.RICH), t.host("poor", cpus.POOR)
    with t.vm() as vm:
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        demo = MathDemo(vm.agent)
        demo.wait_variant("avx2")
        body = vm.body

        set_bandwidth(vm, SLOW_BYTES_PER_S)
        move = start_slow_move(vm, poor, demo)
        move.interrupt()
        t.say(f"cancelled: {failure(move.wait, code=7)}")
        check_restored(vm, rich, demo, body)

        move = start_slow_move(vm, poor, demo)
        move.target.qemu.process.kill()
        t.say(f"target lost: {failure(move.wait, code=1)}")
        check_restored(vm, rich, demo, body)

        def no_target() -> None:
            with_target(vm, poor)

        t.say(f"no target: {failure(no_target, code=1)}")
        check_restored(vm, rich, demo, body)

        set_bandwidth(vm, FAST_BYTES_PER_S)
        vm.move(poor)
        demo.wait_variant("sse2")
        summary = demo.end()
        t.say(f"{summary['calls_all']} calls, {summary['swaps']} swaps")


def set_bandwidth(vm, bytes_per_s: int) -> None:
    vm.body.qemu.qmp.execute("migrate-set-parameters",
                             max_bandwidth=bytes_per_s)


def start_slow_move(vm, poor, demo):
    """A move that is under way: prepared, and its memory being sent."""
    move = vm.start_move(poor)
    vm.wait_isahp("phase", "quiesced")
    demo.wait_variant("sse2")
    qmp = vm.body.qemu.qmp
    vm.agent.wait(
        lambda: qmp.execute("query-migrate").get("status") == "active",
        60, "an active migration")
    return move


def with_target(vm, poor) -> None:
    """A target that has a shim, and no QEMU that listens."""
    target = vm.launch(poor, "defer")
    try:
        vm.host.shim.ctl("migrate", vm.name, "--to",
                         f"unix:{vm.run_dir}/nobody", "--dest-control",
                         str(poor.shim.control))
    finally:
        vm.drop(target)


def failure(action, code: int) -> str:
    try:
        action()
    except CtlError as error:
        e2e.require_equal(error.exit, code, f"exit code of: {error}")
        return str(error)
    raise AssertionError("a migration succeeded that could not")


def check_restored(vm, rich, demo, body) -> None:
    e2e.require(vm.body is body, "the guest has moved")
    rich.shim.await_vm(vm.name)
    e2e.require_equal((vm.isahp("phase"), vm.isahp("leaving")),
                      ("steady", ""), "phase and leaving")
    e2e.require("avx2" in vm.isahp("usable").split(), "avx2 is not back")
    demo.wait_variant("avx2")


e2e.main(test)
