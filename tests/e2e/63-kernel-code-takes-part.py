#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A kernel module with an AVX2 routine of its own computes without a pause
while its guest moves to a host without AVX2 and back: it follows the events, no
sum is wrong, and the kernel lives. Its veto refuses a move, with its name. The
control, the same module told not to listen, takes the kernel down."""

from lab import cpus, e2e
from lab.errors import GuestSplat, LabError
from lab.shim import CtlError

MODULE = "/lib/modules/isahp_sample.ko"
PARAMETERS = "/sys/module/isahp_sample/parameters"


def test(t: e2e.Test) -> None:
    rich, poor = t.host("rich", cpus.RICH), t.host("poor", cpus.POOR)
    with t.vm() as vm:
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        vm.agent.run(["insmod", MODULE])
        for _ in range(3):
            grows(vm, "rounds_avx2")
            vm.move(poor)
            grows(vm, "rounds_plain")
            still(vm, "rounds_avx2")
            vm.move(rich)
        grows(vm, "rounds_avx2")
        veto(t, vm, rich, poor)
        # An addition and a removal without a move, and who loads in between.
        rich.shim.ctl("announce", vm.name, "--remove", "avx2")
        grows(vm, "rounds_plain")
        vm.agent.run(["rmmod", "isahp_sample"])
        vm.agent.run(["insmod", MODULE])
        grows(vm, "rounds_plain")
        e2e.require_equal(number(vm, "rounds_avx2"), 0,
                          "rounds of a module that began without AVX2")
        rich.shim.ctl("announce", vm.name, "--add", "avx2")
        grows(vm, "rounds_avx2")
        e2e.require_equal(number(vm, "wrong"), 0, "wrong sums")
        t.say(f"{number(vm, 'rounds_avx2')} rounds with AVX2, "
              f"{number(vm, 'rounds_plain')} without, "
              f"{number(vm, 'events')} events, 0 wrong")
        result = vm.agent.run(["rmmod", "isahp"], check=False)
        e2e.require(result.code != 0, "isahp was unloaded under the sample")
        vm.agent.run(["rmmod", "isahp_sample"])
        vm.agent.run(["rmmod", "isahp"])
    control(t)


def number(vm, name: str) -> int:
    return int(vm.agent.read(f"{PARAMETERS}/{name}"))


def grows(vm, name: str) -> None:
    before = number(vm, name)
    vm.agent.sh(f"until [ $(cat {PARAMETERS}/{name}) -gt {before} ]; do :; done")
    e2e.require_equal(number(vm, "wrong"), 0, "wrong sums")


def still(vm, name: str) -> None:
    before = number(vm, name)
    grows(vm, "rounds_plain")
    e2e.require_equal(number(vm, name), before, name)


def veto(t, vm, rich, poor) -> None:
    vm.agent.sh(f"echo 1 > {PARAMETERS}/veto")
    try:
        vm.move(poor)
        raise AssertionError("moved against a veto")
    except CtlError as error:
        t.say(f"veto: {error}")
        e2e.require_equal(error.exit, 4, "exit code")
        e2e.require("vetoed by isahp_sample in the kernel" in str(error),
                    f"not named: {error}")
    rich.shim.await_vm(vm.name)
    grows(vm, "rounds_avx2")
    vm.agent.sh(f"echo 0 > {PARAMETERS}/veto")
    vm.move(poor)
    grows(vm, "rounds_plain")
    vm.move(rich)


def control(t) -> None:
    rich = t.host("rich-control", cpus.RICH)
    poor = t.host("poor-control", cpus.POOR)
    with t.vm("control") as vm:
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        vm.agent.run(["insmod", MODULE, "deaf=1"])
        grows(vm, "rounds_avx2")
        try:
            vm.move(poor)
            grows(vm, "rounds_plain")
        except (GuestSplat, LabError) as death:
            t.say(f"control, deaf: {death}")
            vm.bury()
            return
        raise AssertionError("deaf, and alive")


e2e.main(test)
