#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The MSRs by which 32-bit code enters the kernel. On a guest booted on Intel
CSTAR leads into the kernel's entry from the module's load on, on every CPU, also
on one that was offline and after sleep: moved to AMD, where 32-bit code can
execute SYSCALL, it is a system call, and panics the same guest without the
module. SYSENTER is disarmed on
AMD and from the PREPARE of a move there on; on Intel it is armed with the values
of a kernel booted there, also in a guest that comes from AMD with halves of
them."""

from lab import cpus, e2e
from lab.errors import GuestSplat

CSTAR, CS, ESP, EIP = 0xC0000083, 0x174, 0x175, 0x176
KERNEL_CS = 0x10
CPUS = (0, 1)
# What becomes of a kernel that is entered at 0 on a user's stack.
DEATHS = ("PANIC: double fault", "BUG: unable to handle")


def test(t: e2e.Test) -> None:
    t.need_program("raw32", "install gcc-multilib")
    check_control(t)
    armed = check_intel(t)
    check_amd(t, armed)


def read(vm, cpu: int, number: int) -> int:
    return int(vm.agent.run(["msr", str(cpu), hex(number)]).out, 16)


def write(vm, cpu: int, number: int, value: int) -> None:
    vm.agent.run(["msr", str(cpu), hex(number), hex(value)])


def symbol(vm, name: str) -> int:
    line = vm.agent.sh(f"grep ' {name}$' /proc/kallsyms")
    return int(line.split()[0], 16)


def sysenter(vm) -> list[tuple[int, int, int]]:
    return [(read(vm, cpu, CS), read(vm, cpu, ESP), read(vm, cpu, EIP))
            for cpu in CPUS]


def require_cstar(vm) -> None:
    want = symbol(vm, "entry_SYSCALL_compat")
    for cpu in CPUS:
        e2e.require_equal(hex(read(vm, cpu, CSTAR)), hex(want),
                          f"CSTAR of CPU {cpu}")


def require_disarmed(vm) -> None:
    for cpu in CPUS:
        e2e.require_equal(read(vm, cpu, CS), 0, f"SYSENTER_CS of CPU {cpu}")


def check_control(t) -> None:
    """Without the module: what this is all about."""
    try:
        with t.vm("bare", cmdline="noisahp=1") as vm:
            vm.boot(t.plain_host("bare", cpus.RICH))
            vm.agent.sh("insmod /lib/modules/msr.ko")
            e2e.require_equal(read(vm, 0, CSTAR), 0, "CSTAR of a bare guest")
            vm.allow.append("raw32.* invalid opcode")
            end = vm.agent.run(["raw32", "syscall"], check=False).end
            e2e.require_equal(end.signal, 4, "SYSCALL on Intel ends by signal")
            vm.plain_move(t.plain_host("bare-amd", cpus.AMD))
            result = vm.agent.run(["raw32", "syscall"], check=False)
            raise AssertionError(f"a bare guest survives SYSCALL: {result}")
    except GuestSplat as splat:
        t.say(f"without the module: {splat}")
        e2e.require(any(what in str(splat) for what in DEATHS), str(splat))


def check_intel(t) -> list[tuple[int, int, int]]:
    """Returns what SYSENTER is armed with on a guest booted there."""
    intel, amd = t.host("intel", cpus.RICH), t.host("to-amd", cpus.AMD)
    with t.vm("from-intel") as vm:
        vm.boot(intel)
        intel.shim.await_vm(vm.name)
        vm.agent.sh("insmod /lib/modules/msr.ko")
        armed = sysenter(vm)
        require_cstar(vm)
        t.say(f"Intel boot: CSTAR set, SYSENTER armed with {show(armed)}")
        check_hotplug(t, vm)
        check_sleep(t, vm)

        intel.shim.ctl("prepare", vm.name, "--vendor-next", "amd")
        require_disarmed(vm)
        check_disarmed_kills(vm)
        vm.agent.sh("echo 0 > /sys/devices/system/cpu/cpu1/online; "
                    "echo 1 > /sys/devices/system/cpu/cpu1/online")
        require_disarmed(vm)
        intel.shim.ctl("abort", vm.name)
        intel.shim.await_vm(vm.name)
        e2e.require_equal(show(sysenter(vm)), show(armed), "after an ABORT")
        t.say("disarmed from PREPARE on, armed again by ABORT")
        vm.move(amd)
        for cpu in CPUS:
            said = vm.agent.run(["taskset", f"{1 << cpu:x}", "raw32", "syscall"])
            e2e.require_equal(said.out, "right\n", f"SYSCALL on CPU {cpu} on AMD")
        return armed


def show(values: list[tuple[int, int, int]]) -> str:
    return " ".join(":".join(hex(n) for n in cpu) for cpu in values)


def check_hotplug(t, vm) -> None:
    """The kernel of an Intel boot does not write CSTAR on a CPU that comes; on
    the real one it is 0 then. Here it has to be made so first."""
    vm.agent.sh("echo 0 > /sys/devices/system/cpu/cpu1/online")
    vm.agent.sh("echo 1 > /sys/devices/system/cpu/cpu1/online")
    require_cstar(vm)
    write(vm, 1, CSTAR, 0)
    vm.agent.sh("echo 0 > /sys/devices/system/cpu/cpu1/online; "
                "echo 1 > /sys/devices/system/cpu/cpu1/online")
    require_cstar(vm)
    t.say("CPU 1 was offline and is right again")


def check_sleep(t, vm) -> None:
    """The kernel's rehearsal of sleep goes through all but the firmware."""
    write(vm, 0, CSTAR, 0)
    vm.agent.sh("echo 0 > /sys/module/suspend/parameters/pm_test_delay; "
                "echo core > /sys/power/pm_test; echo mem > /sys/power/state")
    require_cstar(vm)
    t.say("right again after (a rehearsal of) sleep")


def check_disarmed_kills(vm) -> None:
    vm.allow.append("raw32.* general protection")
    end = vm.agent.run(["raw32", "sysenter"], check=False).end
    e2e.require_equal(end.signal, 11, "SYSENTER, disarmed, ends by signal")


def check_amd(t, armed: list[tuple[int, int, int]]) -> None:
    amd, intel = t.host("amd", cpus.AMD_TO_RICH), t.host("other", cpus.RICH)
    with t.vm("from-amd") as vm:
        vm.boot(amd)
        amd.shim.await_vm(vm.name)
        vm.agent.sh("insmod /lib/modules/msr.ko")
        require_cstar(vm)
        require_disarmed(vm)
        # TCG keeps all 64 bits. What AMD keeps:
        for cpu in CPUS:
            for number in (ESP, EIP):
                write(vm, cpu, number, read(vm, cpu, number) & 0xFFFFFFFF)
        t.say(f"AMD boot: disarmed, {show(sysenter(vm))}")
        vm.agent.sh("echo 0 > /sys/devices/system/cpu/cpu1/online; "
                    "echo 1 > /sys/devices/system/cpu/cpu1/online")
        require_disarmed(vm)
        write(vm, 1, ESP, read(vm, 1, ESP) & 0xFFFFFFFF)

        vm.move(intel)
        e2e.require_equal(vm.isahp("entry"), "sysenter", "entry")
        e2e.require_equal(show(sysenter(vm)), show(armed),
                          "as of a kernel booted on Intel")
        e2e.require_equal(vm.agent.run(["raw32", "sysenter"]).out, "right\n",
                          "SYSENTER of 32-bit code")
        t.say("on Intel: armed as a kernel booted there would have")
        intel.shim.ctl("prepare", vm.name, "--vendor-next", "amd")
        require_disarmed(vm)
        intel.shim.ctl("abort", vm.name)
        intel.shim.await_vm(vm.name)
        vm.move(amd)
        require_disarmed(vm)
        e2e.require_equal(vm.isahp("entry"), "syscall", "entry")
        t.say("disarmed on AMD again")


e2e.main(test)
