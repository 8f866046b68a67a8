#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A program that executes AVX2, BMI2, MOVBE, AES and PCLMULQDQ all the time goes
on when the guest wakes up without them, and every result is what plain C gives.
What it has in its registers is what it left there, for itself, for a signal
handler that changes them in the frame, for a child and for a debugger; faults are
those of the instruction. One without vector operands does not touch vectors.
Without the module the program dies."""

import signal

from lab import cpus, e2e
from lab.agent import Job
from lab.qemu import accel

LOOPS = ("integers", "gathers", "scalars", "text", "floats")
STATE = ("kept", "legacy", "signals", "fork", "ptrace", "faults", "gather-faults")
# Of which TCG knows nothing: alignment, #XM, and that what a mask leaves out is not
# loaded, nor anything stored before a fault.
HERE_ALONE = ("aligned", "aligned-wide", "exceptions", "masked-faults") + 10 * ("masked",)
AHEAD_NATIVE = "/sys/module/isahp/parameters/ahead_native"
FEATURES = {"avx2", "bmi2", "fma", "f16c", "movbe", "aes", "pclmulqdq"}
POOR = f"{cpus.POOR},-aes,-pclmulqdq"


def test(t: e2e.Test) -> None:
    check_control(t)
    rich, poor = t.host("rich", cpus.RICH), t.host("poor", POOR)
    # Newer kernels would use these themselves, and refuse to lose them.
    with t.vm(clear=("aes", "pclmulqdq")) as vm:
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        native = cost(vm, 100000)
        jobs = [vm.agent.start(["vectors", "run", *parts])
                for parts in (LOOPS, STATE)]
        for job in jobs:
            wait_rounds(job)
        e2e.require_equal(figure(vm, "emulated"), 0, "emulated on rich")

        vm.move(poor)
        for job in jobs:
            wait_rounds(job)
        e2e.require(figure(vm, "vectors") > 100, "no vector was emulated")
        t.say(f"moved to {POOR}: {figure(vm, 'emulated')} emulated")
        vm.move(rich)
        for job in jobs:
            wait_rounds(job)
        vm.move(poor)
        for job in jobs:
            wait_rounds(job)
            check_signals(t, job)
            job.signal(15)
            job.wait()
        vm.agent.run(["vectors", "once", *HERE_ALONE])
        check_figures(t, vm)
        t.say(f"{native} ns native, {cost(vm, 3000)} ns emulated ({accel()})")


def check_control(t) -> None:
    with t.vm("plain", cmdline="noisahp=1") as vm:
        vm.allow.append(r"traps: vectors\[\d+\] trap invalid opcode")
        vm.boot(t.plain_host("plain-rich", cpus.RICH))
        job = vm.agent.start(["vectors", "run", *LOOPS])
        wait_rounds(job)
        vm.plain_move(t.plain_host("plain-poor", POOR))
        end = job.wait()
        e2e.require_equal(end.signal, signal.SIGILL, "without the module")
        t.say(f"without the module: {end}")


def wait_rounds(job: Job) -> None:
    seen = len(rounds(job))
    job.agent.wait(lambda: len(rounds(job)) >= seen + 3 or
                   job.end is not None, 120, "more rounds")
    e2e.require(job.end is None, f"{job.argv} ended: {job.end}")
    last = rounds(job)[-1]
    e2e.require(last.endswith("wrong=0"), f"{job.argv}: {last}; "
                + "; ".join(l for l in job.lines() if "first" in l))


def rounds(job: Job) -> list[str]:
    return [line for line in job.lines() if line.startswith("round=")]


def check_signals(t, job: Job) -> None:
    """Handlers have been between instructions that trap."""
    counts = [int(line.partition("=")[2]) for line in job.lines()
              if line.startswith("signals=")]
    if job.argv[2] == STATE[0]:
        e2e.require(sum(counts) > 20, f"signals in the middle: {counts}")
        t.say(f"{sum(counts)} signals between instructions that trap")


def check_figures(t, vm) -> None:
    e2e.require_equal(set(sums(vm)), FEATURES, "features")
    vectors = figure(vm, "vectors")
    # What runs ahead comes to vectors of the CPU's own.
    vm.agent.sh(f"echo 0 > {AHEAD_NATIVE}")
    vm.agent.run(["vectors", "once", "scalars"])
    e2e.require_equal(figure(vm, "vectors"), vectors,
                      "vector registers were saved for general ones")
    emulated, ns = figure(vm, "emulated"), figure(vm, "ns")
    e2e.require_equal(sum(sums(vm).values()), emulated, "by feature")
    e2e.require(figure(vm, "instructions") >= emulated, "instructions")
    e2e.require(ns > emulated, f"{ns} ns for {emulated}")
    t.say(f"{emulated} traps, {figure(vm, 'instructions')} instructions, "
          f"{vectors} with vectors, {ns // emulated} ns each in the module")


def cost(vm, times: int) -> int:
    return int(vm.agent.run(["vectors", "cost", str(times)]).out.split()[1])


def figure(vm, name: str) -> int:
    return int(vm.isahp(f"figures/undefined_{name}"))


def sums(vm) -> dict[str, int]:
    return {line.split()[0]: int(line.split()[1]) for line in
            vm.isahp("undefined/features").splitlines()}


e2e.main(test)
