#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs that eBPF's JIT compiled with the shifts of BMI2 (from 6.2 on). While
there is one, BMI2 is pinned, and the refusal says so; a program without such
shifts pins nothing, and once the other has gone the guest moves. What is compiled
where BMI2 is away does without. In a guest that is moved and not told each shift
traps, and is finished with the right result; without the module, the control, the
kernel dies of it. All the while programs come and go at every moment of a record.
A JIT that emits none is not looked at."""

import os
import random
import re
import signal
from typing import Callable

from lab import cpus, e2e
from lab.errors import GuestSplat, LabError
from lab.shim import CtlError

# QEMU 7.2 asks for BMI1 where the shifts of BMI2 are decoded.
WITHOUT = f"{cpus.RICH},-bmi2,-bmi1"
LINE = re.compile(r"shifts (\d+) compiled (\d+) wrong (\d+)")
CHURNED = re.compile(r"programs (\d+) with (\d+) wrong (\d+)")
# 7.2: what else its libraries are built on goes, BMI2 stays.
CLEAR = ("avx2", "sha_ni", "aes")
# bpf_user's: one of four is where it shall be.
OTHER_PLACE = 75
PLACINGS = 60
RECORDS = 3
TRIES = 1000


class Program:
    """bpf_user, that keeps what it has loaded."""

    def __init__(self, vm, kind: str, seed: int = 0,
                 between: Callable[[], None] = lambda: None):
        for _ in range(PLACINGS):
            self.job = vm.agent.start(["bpf_user", kind, str(seed), "--hold"])
            vm.agent.wait(lambda: self.job.lines() or self.job.end, 60,
                          "a program")
            if self.job.lines() or self.job.end.code != OTHER_PLACE:
                break
            between()
        self._lines = 0
        self.shifts, self.compiled = self._result()

    def _result(self) -> tuple[int, int]:
        line = self.job.wait_line(lambda _: True, since=self._lines)
        self._lines += 1
        found = LINE.fullmatch(line)
        e2e.require(bool(found), f"bpf_user said {line!r}")
        shifts, compiled, wrong = map(int, found.groups())
        e2e.require_equal(wrong, 0, "wrong results")
        return shifts, compiled

    def again(self) -> None:
        self.job.signal(signal.SIGUSR1)
        self._result()

    def end(self) -> None:
        self.job.signal(signal.SIGKILL)
        self.job.wait()


def test(t: e2e.Test) -> None:
    seed = int(os.environ.get("ISAHP_SEED") or random.randrange(1 << 32))
    t.say(f"ISAHP_SEED={seed}")
    release = tuple(int(n) for n in t.kernel().release.split(".")[:2])
    if release < (6, 2):
        emits_none(t, seed)
        return
    if t.kernel().built_on:
        is_seen(t, seed)
    else:
        pins(t, seed)
    not_told(t, seed)
    control(t, seed)


def boot(t: e2e.Test, name: str, host):
    vm = t.vm(name, whole=bool(t.kernel().built_on),
              clear=CLEAR if t.kernel().built_on else ())
    vm.boot(host)
    if host.shim:
        host.shim.await_vm(vm.name)
    return vm


def figure(vm, name: str) -> int:
    return int(vm.isahp(f"figures/{name}"))


def emits_none(t: e2e.Test, seed: int) -> None:
    rich, poor = t.host("rich", cpus.RICH), t.host("poor", cpus.POOR)
    with boot(t, "vm", rich) as vm:
        program = Program(vm, "shifts", seed)
        e2e.require(program.compiled > 0, "not compiled")
        e2e.require_equal(program.shifts, 0, "shifts of BMI2")
        e2e.require("bmi2" not in vm.isahp("pinned").split(), "pinned")
        vm.move(poor)
        program.again()
        e2e.require_equal((figure(vm, "jit_looks"), figure(vm, "jit_emulated")),
                          (0, 0), "looks at a JIT that emits nothing")
        t.say("this kernel's JIT emits no BMI2, and is not looked at")


def wait_users(vm, wanted: bool) -> None:
    vm.agent.wait(lambda: ("bpf_jit" in vm.isahp("users").split()) == wanted, 60,
                  f"bpf_jit {'in' if wanted else 'out of'} users")


def refused(t, vm, rich) -> None:
    try:
        rich.shim.ctl("announce", vm.name, "--remove", "bmi2")
    except CtlError as error:
        t.say(f"refused: {error}")
        e2e.require("refused (pinned)" in str(error), f"why: {error}")
        vm.agent.wait(lambda: "booted on: bmi2" in vm.console_text() and
                      "in use by bpf_jit" in vm.console_text(), 30,
                      "what and who in the log")
        rich.shim.await_vm(vm.name)
        return
    raise AssertionError("acknowledged, with its shifts in the kernel")


def pins(t: e2e.Test, seed: int) -> None:
    rich, poor = t.host("rich", cpus.RICH), t.host("poor", cpus.POOR)
    with boot(t, "vm", rich) as vm:
        plain = Program(vm, "plain", seed)
        e2e.require(plain.compiled > 0, "the JIT is off")
        e2e.require_equal(plain.shifts, 0, "of a program without such shifts")
        comes_and_goes(t, vm, rich, "shifts", seed)
        comes_and_goes(t, vm, rich, "across", seed)
        comes_and_goes(t, vm, rich, "classic", seed)
        vm.move(poor)
        there = Program(vm, "shifts", seed)
        e2e.require(there.compiled > 0, "not compiled")
        e2e.require_equal(there.shifts, 0, "compiled where BMI2 is away")
        e2e.require_equal(figure(vm, "jit_emulated"), 0, "shifts that trapped")
        vm.move(rich)
        there.again()
        churned(t, vm, rich, seed)
        looks, ns = figure(vm, "jit_looks"), figure(vm, "jit_look_ns")
        t.say(f"{looks} looks, {ns / looks / 1000:.0f} us each")


def until_taken(vm, rich) -> None:
    """Programs that were dropped are freed a little later."""
    for _ in range(TRIES):
        try:
            rich.shim.ctl("announce", vm.name, "--remove", "bmi2")
            rich.shim.ctl("announce", vm.name, "--add", "bmi2")
            return
        except CtlError:
            pass
        finally:
            rich.shim.await_vm(vm.name)
    raise AssertionError("pinned by nothing")


def comes_and_goes(t, vm, rich, kind: str, seed: int) -> None:
    """By the PREPARE itself: what was pinned is not asked for beforehand."""
    wait_users(vm, False)
    until_taken(vm, rich)
    program = Program(vm, kind, seed, lambda: until_taken(vm, rich))
    t.say(f"{kind}: {program.shifts} shifts in {program.compiled} bytes")
    e2e.require(program.shifts > 0 or kind == "classic", "without BMI2")
    refused(t, vm, rich)
    wait_users(vm, True)
    program.again()
    program.end()
    wait_users(vm, False)
    vm.agent.wait(lambda: "bmi2" not in
                  rich.shim.show(vm.name)["guest"]["pinned"], 60,
                  "the host's view of bmi2")


def churned(t, vm, rich, seed: int) -> None:
    """Programs are compiled before, in and behind each step of a record."""
    jobs = [vm.agent.start(["bpf_user", "churn", str(seed + n)])
            for n in range(2)]
    for job in jobs:
        job.wait_line(lambda line: line == "started")
    taken = refusals = 0
    while min(taken, refusals) < RECORDS and taken + refusals < TRIES:
        try:
            rich.shim.ctl("announce", vm.name, "--remove", "bmi2")
            taken += 1
            rich.shim.ctl("announce", vm.name, "--add", "bmi2")
        except CtlError as error:
            e2e.require("pinned" in str(error), f"another refusal: {error}")
            refusals += 1
        rich.shim.await_vm(vm.name)
    for job in jobs:
        job.signal(signal.SIGTERM)
        e2e.require_equal(job.wait().code, 0, "churn's exit")
        found = CHURNED.fullmatch(job.lines()[-1])
        e2e.require(bool(found), f"churn said {job.lines()[-1]!r}")
        t.say(f"churn: {found[0]}; {taken} removals taken, {refusals} refused")
        e2e.require_equal(found[3], "0", "wrong results")
    e2e.require(taken > 0 and refusals > 0, "no removal between two programs")


def is_seen(t: e2e.Test, seed: int) -> None:
    """Where libraries pin BMI2 anyway: by who is in the way."""
    rich = t.host("rich", cpus.RICH)
    with boot(t, "vm", rich) as vm:
        for kind in ("shifts", "classic"):
            wait_users(vm, False)
            plain = Program(vm, "plain", seed)
            program = Program(vm, kind, seed)
            t.say(f"{kind}: {program.shifts} shifts in {program.compiled} bytes")
            e2e.require(plain.compiled > 0, "the JIT is off")
            e2e.require(program.shifts > 0 or kind == "classic", "without BMI2")
            wait_users(vm, True)
            program.end()
            wait_users(vm, False)
            plain.end()
        looks, ns = figure(vm, "jit_looks"), figure(vm, "jit_look_ns")
        t.say(f"{looks} looks, {ns / looks / 1000:.0f} us each")


def not_told(t: e2e.Test, seed: int) -> None:
    rich = t.plain_host("rich-plain", cpus.RICH)
    poor = t.plain_host("poor-plain", WITHOUT)
    with boot(t, "not-told", rich) as vm:
        programs = [Program(vm, "shifts", seed + n) for n in range(8)]
        programs.append(Program(vm, "classic"))
        e2e.require_equal(figure(vm, "jit_emulated"), 0, "before the move")
        vm.plain_move(poor)
        for program in programs:
            program.again()
        count = figure(vm, "jit_emulated")
        t.say(f"moved and not told: {count} shifts trapped, all results right")
        wanted = 16 * sum(p.shifts for p in programs) + 16
        e2e.require_equal(count, wanted, "shifts finished")
        e2e.require("bpf_jit" in vm.isahp("users").split(), "not seen any more")
        vm.agent.wait(lambda: "an eBPF program executes BMI2, which has gone"
                      in vm.console_text(), 30, "the line in the log")


def control(t: e2e.Test, seed: int) -> None:
    rich = t.plain_host("rich-control", cpus.RICH)
    poor = t.plain_host("poor-control", WITHOUT)
    with boot(t, "control", rich) as vm:
        program = Program(vm, "shifts", seed)
        vm.agent.run(["rmmod", "isahp"])
        vm.plain_move(poor)
        try:
            program.again()
        except (GuestSplat, LabError) as death:
            t.say(f"control: without the module {death}")
            vm.bury()
            return
        raise AssertionError("nothing needs to be finished")


e2e.main(test)
