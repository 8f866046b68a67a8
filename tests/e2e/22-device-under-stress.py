#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The device under everything that processes may do to it, at random and at
once, while features leave and come back: the kernel's log stays clean, the
state page never contradicts itself, nothing is left over afterwards, and the
module unloads and loads again. The device's own rules are checked before and
after. Prints its seed; ISAHP_SEED repeats the
programs' part of a run."""

import os
import random

from lab import cpus, e2e
from lab.shim import CtlError

SEED = os.environ.get("ISAHP_SEED", str(random.SystemRandom().randrange(1 << 31)))
SECONDS = 20
NOT_ACKNOWLEDGED = 4


def test(t: e2e.Test) -> None:
    t.say(f"seed {SEED}")
    rich = t.host("rich", cpus.RICH)
    with t.vm() as vm:
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        check_rules(vm)
        stress = vm.agent.start(["isahp_stress", "--seconds", str(SECONDS),
                                 "--seed", SEED])
        acked, refused = announce_meanwhile(vm, rich.shim, stress)
        end = stress.wait(120)
        t.say(f"{stress.lines()[-1]}; {acked} removals, {refused} refused")
        e2e.require_equal(end.code, 0, "exit code of isahp_stress")
        e2e.require(acked + refused > 3, "hardly anything was announced")
        check_nothing_left(vm)
        vm.agent.sh("rmmod isahp && insmod /lib/modules/isahp.ko")
        rich.shim.await_vm(vm.name)
        check_rules(vm)
        vm.check()


def check_rules(vm) -> None:
    result = vm.agent.run(["isahp_probe", "selftest"], check=False)
    wrong = [line for line in result.out.splitlines() if line.startswith("WRONG")]
    e2e.require_equal((wrong, result.code), ([], 0), "wrong in the selftest")


def announce_meanwhile(vm, shim, stress) -> tuple[int, int]:
    """Removals that are given up when the programs veto or do not answer."""
    acked = refused = 0
    features = ["avx2", "fma", "bmi2", "movbe", "f16c"]
    while stress.end is None:
        feature = features[(acked + refused) % len(features)]
        try:
            shim.ctl("announce", vm.name, "--remove", feature,
                     "--deadline", "300")
            shim.ctl("announce", vm.name, "--add", feature)
            acked += 1
        except CtlError as error:
            e2e.require_equal(error.exit, NOT_ACKNOWLEDGED, f"exit code: {error}")
            refused += 1
        shim.await_vm(vm.name)
    return acked, refused


def check_nothing_left(vm) -> None:
    # The last processes' address spaces end a little after their parent knows.
    for attribute in ("registrants", "untracked", "pending"):
        vm.wait_isahp(attribute, "0")


e2e.main(test)
