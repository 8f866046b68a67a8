#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A target that lacks what the guest's kernel was built on is refused, with the
feature's name and the reason, one by one: control register bits, alternatives,
XSAVE and its components. Moved there nonetheless, with nobody asked, the guest
dies. A kernel that was told to do without a feature (`clearcpuid=`) is not
pinned to it, and moves."""

import time

from lab import cpus, e2e
from lab.errors import GuestSplat, LabError
from lab.shim import CtlError

POLICY = 3
RICH = f"{cpus.RICH},+smap"
# Pinned on the rich model under this kernel: CR4 bits, alternatives, XSAVE.
PINNED = ("fsgsbase", "smep", "smap", "rdtscp", "rdrand", "cx16", "xsaveopt",
          "popcnt", "ssse3")
# The plain migration ends at once, by one of each kind.
DEADLY = ("fsgsbase", "smap", "xsaveopt")


def test(t: e2e.Test) -> None:
    refused(t)
    components(t)
    for name in DEADLY:
        control(t, name)
    clearcpuid(t)


def lacking(name: str) -> str:
    return f"{RICH},-{name}"


def refusal(vm, host) -> CtlError:
    try:
        vm.move(host)
    except CtlError as error:
        e2e.require_equal(error.exit, POLICY, f"exit code ({error})")
        return error
    raise AssertionError(f"moved to {host}")


def refused(t: e2e.Test) -> None:
    rich = t.host("rich", RICH)
    with t.vm() as vm:
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        pinned = vm.isahp("pinned").split()
        missing = [name for name in PINNED if name not in pinned]
        e2e.require(not missing, f"not reported as pinned: {missing}")
        for name in PINNED:
            error = refusal(vm, t.host(f"no-{name}", lacking(name)))
            t.say(f"without {name}: {error}")
            e2e.require(f"{name} (pinned" in str(error) or
                        f"{name} (" in str(error), f"{name} is not named")
        e2e.require(vm.host is rich, "it has moved")
        e2e.require_equal(vm.agent.sh("echo alive"), "alive", "the guest")
        # All at once: each is named.
        worst = t.host("worst", ",".join([RICH, *(f"-{n}" for n in PINNED)]))
        error = refusal(vm, worst)
        unnamed = [name for name in PINNED if f"{name} (" not in str(error)]
        e2e.require(not unnamed, f"not named: {unnamed}: {error}")


def components(t: e2e.Test) -> None:
    """A kernel that has enabled PKRU in XCR0 must find it."""
    pku = t.host("pku", f"{cpus.RICH},+pku")
    with t.vm("pku") as vm:
        vm.boot(pku)
        shown = pku.shim.await_vm(vm.name)
        xsave = shown["guest"]["xsave"]
        t.say(f"layout: {xsave}")
        e2e.require_equal(
            [(c["name"], c["offset"], c["size"]) for c in xsave["components"]],
            [("AVX", 576, 256), ("PKRU", 2688, 8)], "components")
        e2e.require_equal(shown["host_xsave"]["components"],
                          xsave["components"], "of host and guest")
        error = refusal(vm, t.host("no-pku", cpus.RICH))
        t.say(f"without pku: {error}")
        e2e.require("pku (" in str(error) and "PKRU state (XCR0 bit 9"
                    in str(error), f"not named: {error}")


def control(t: e2e.Test, name: str) -> None:
    """The migration that was refused, without us."""
    with t.vm(f"control-{name}") as vm:
        vm.boot(t.plain_host(f"rich-{name}", RICH))
        try:
            vm.plain_move(t.plain_host(f"poor-{name}", lacking(name)))
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                vm.agent.run(["sh", "-c", "ls / >/dev/null"], timeout_s=4)
                # Without XSAVEOPT it may go on for long, saving no registers.
                vm.check()
        except (GuestSplat, LabError) as death:
            t.say(f"control: without {name} the guest is lost: {death}")
            vm.bury()
            return
        raise AssertionError(f"the guest lives on without {name}")


def clearcpuid(t: e2e.Test) -> None:
    rich = t.host("rich-clear", RICH)
    with t.vm("clear", clear=("popcnt",)) as vm:
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        e2e.require("popcnt" not in vm.isahp("pinned").split(),
                    "pinned to what its kernel was told not to use")
        poor = t.host("no-popcnt-clear", lacking("popcnt"))
        vm.move(poor)
        t.say("with clearcpuid=popcnt: moved to a host without it")
        e2e.require_equal(vm.agent.sh("echo alive"), "alive", "the guest")
        e2e.require("popcnt" not in vm.isahp("usable").split(), "popcnt")


e2e.main(test)
