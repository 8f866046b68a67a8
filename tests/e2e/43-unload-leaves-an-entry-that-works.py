#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The module goes and comes while a program makes 32-bit calls. On the boot
vendor's CPU it leaves the kernel's own entry, armed; on the other vendor's
INT 0x80 and SYSENTER disarmed, which the next load takes over. CSTAR stays in
either case: it leads into the kernel, and 0 would be a way to crash it."""

from lab import cpus, e2e
from lab.entry32 import goes_on

CSTAR, CS = 0xC0000083, 0x174
KERNEL_CS = 0x10
PARAMETER = "/sys/module/isahp/parameters/entry"


def test(t: e2e.Test) -> None:
    t.need_program("vsys32", "install gcc-multilib")
    intel, amd = t.host("intel", cpus.RICH), t.host("amd", cpus.AMD)
    with t.vm() as vm:
        vm.boot(intel)
        intel.shim.await_vm(vm.name)
        vm.agent.sh("insmod /lib/modules/msr.ko")
        # Where the kernel has it does not change: looked up while all is quiet.
        cstar = int(vm.agent.sh("grep ' entry_SYSCALL_compat$' /proc/kallsyms"
                                ).split()[0], 16)
        job = vm.agent.start(["vsys32", "--middle"])
        goes_on(job, "sysenter")

        vm.agent.sh(f"echo int80 > {PARAMETER}")
        goes_on(job, "int80")
        vm.agent.run(["rmmod", "isahp"])
        goes_on(job, "sysenter")
        require_msrs(vm, cstar, KERNEL_CS)
        vm.agent.run(["insmod", "/lib/modules/isahp.ko", "entry=int80"])
        goes_on(job, "int80")
        vm.agent.sh(f"echo auto > {PARAMETER}")
        goes_on(job, "sysenter")
        intel.shim.await_vm(vm.name)
        t.say("at home: unloaded, loaded")

        vm.move(amd)
        goes_on(job, "syscall")
        # Without the module, what comes to the middle dies: no more of it.
        job.signal(15)
        job.wait()
        job = vm.agent.start(["vsys32"])
        goes_on(job, "syscall")
        vm.agent.run(["rmmod", "isahp"])
        require_msrs(vm, cstar, 0)
        goes_on(job, "int80")
        e2e.require_equal(vm.agent.run(["ss_attrs"]).out, "rounds=200\n",
                          "SS without the probe")
        vm.agent.run(["insmod", "/lib/modules/isahp.ko"])
        amd.shim.await_vm(vm.name)
        goes_on(job, "syscall")
        vm.move(intel)
        goes_on(job, "sysenter")
        require_msrs(vm, cstar, KERNEL_CS)
        vm.agent.run(["rmmod", "isahp"])
        goes_on(job, "sysenter")
        job.signal(15)
        job.wait()
        t.say("on the other vendor's CPU: unloaded, loaded, and back")


def require_msrs(vm, cstar: int, cs: int) -> None:
    for cpu in ("0", "1"):
        got = [int(vm.agent.run(["msr", cpu, hex(n)]).out, 16)
               for n in (CSTAR, CS)]
        e2e.require_equal(got, [cstar, cs], f"CSTAR, SYSENTER_CS of CPU {cpu}")


e2e.main(test)
