#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An emulated instruction may carry a uprobe, hit as often as it is executed;
threads that compute, page by page protected and dropped under them, interrupted
by signals, get no wrong and no torn result; probes and policies that come and
go under them change nothing; the module can be loaded and unloaded meanwhile,
and stays where a thread waits in a page fault for it. Prints what one costs."""

from lab import cpus, e2e
from lab.qemu import accel

TRACING = "/sys/kernel/tracing"
SYSFS = "/sys/class/misc/isahp"
PROGRAMS = ("undefined", "undefined32")
TIMES = 200


def test(t: e2e.Test) -> None:
    t.need_program("undefined32", "install gcc-multilib")
    rich, poor = t.host("rich", cpus.RICH), t.host("poor", cpus.POOR)
    with t.vm(clear=("popcnt",)) as vm:
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        native = {p: cost(vm, p, 100000) for p in PROGRAMS}
        vm.move(poor)
        for program in PROGRAMS:
            check_uprobe(t, vm, program)
        for program in PROGRAMS:
            check_stress(t, vm, program)
        check_unload(t, vm)
        for program in PROGRAMS:
            t.say(f"{program}: {native[program]} ns native, "
                  f"{cost(vm, program, 3000)} ns emulated ({accel()})")


def cost(vm, program: str, times: int) -> int:
    said = vm.agent.run([program, "cost", str(times)]).out
    return int(said.split()[1])


def check_uprobe(t, vm, program: str) -> None:
    at = vm.agent.run([program, "offset"]).out.strip()
    vm.agent.sh(f"mount -t tracefs none {TRACING} 2>/dev/null; "
                f"echo 'p:{program} /bin/{program}:{at}' "
                f"> {TRACING}/uprobe_events; "
                f"echo 1 > {TRACING}/events/uprobes/{program}/enable")
    before = int(vm.isahp("figures/undefined_emulated"))
    said = vm.agent.run([program, "probed", str(TIMES)]).out.strip()
    e2e.require_equal(said, "probed: wrong=0", program)
    profile = dict(line.split()[1:3] for line in
                   vm.agent.read(f"{TRACING}/uprobe_profile").splitlines())
    e2e.require_equal(profile[program], str(TIMES), "hits")
    emulated = int(vm.isahp("figures/undefined_emulated")) - before
    e2e.require_equal(emulated, TIMES, "emulated")
    # Out of line, and single-stepped by a debugger besides: as without probe.
    stepped = vm.agent.run([program, "step"]).out
    e2e.require("child: 7" in stepped, stepped)
    vm.agent.sh(f"echo 0 > {TRACING}/events/uprobes/{program}/enable; "
                f"echo > {TRACING}/uprobe_events")
    t.say(f"{program}: {TIMES} hits of a uprobe on an emulated instruction")


def check_stress(t, vm, program: str) -> None:
    at = vm.agent.run([program, "offset"]).out.strip()
    job = vm.agent.start([program, "stress", "3", "2000"])
    probed = vm.agent.start([program, "probed", "20000"])
    toggles = vm.agent.start(["sh", "-c",
        f"while :; do echo 'p:x /bin/{program}:{at}' > {TRACING}/uprobe_events; "
        f"echo 1 > {TRACING}/events/uprobes/x/enable; "
        f"echo warn > /sys/module/isahp/parameters/undefined; "
        f"cat {SYSFS}/undefined/processes > /dev/null; "
        f"echo 0 > {TRACING}/events/uprobes/x/enable; "
        f"echo emulate > /sys/module/isahp/parameters/undefined; "
        f"echo > {TRACING}/uprobe_events; done"])
    for worker in (job, probed):
        end = worker.wait(150)
        e2e.require_equal(end.code, 0, f"{worker.argv}: {end}: {worker.out}")
    toggles.signal(9, group=True)
    toggles.wait()
    vm.agent.sh(f"echo 0 > {TRACING}/events/uprobes/x/enable; "
                f"echo > {TRACING}/uprobe_events; "
                "echo emulate > /sys/module/isahp/parameters/undefined; true")
    t.say(f"{program} {job.lines()[-1]}")


def check_unload(t, vm) -> None:
    """Under a load that survives it, since the kernel itself goes on."""
    vm.allow.append(r"traps: undefined\[\d+\] trap invalid opcode")
    for _ in range(3):
        job = vm.agent.start(["undefined", "run"])
        job.wait_line(lambda line: line.endswith("wrong=0"))
        vm.agent.sh("until rmmod isahp; do :; done")
        e2e.require_equal(job.wait().signal, 4, "without the module")
        vm.agent.sh("insmod /lib/modules/isahp.ko")
        # It was booted with MOVBE, whatever CPUID shows now.
        vm.agent.run(["undefined", "one"])
    held = vm.agent.start(["undefined", "held"])
    held.wait_line(lambda line: line == "held")
    refused = vm.agent.run(["rmmod", "isahp"], check=False)
    e2e.require(refused.code != 0, "unloaded under a thread in its page fault")
    held.signal(9)
    held.wait()
    vm.agent.sh("until rmmod isahp; do :; done; insmod /lib/modules/isahp.ko")
    t.say("unloaded and loaded under load")


e2e.main(test)
