#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The module goes and comes while a program makes 32-bit calls. On the boot
vendor's CPU it leaves the kernel's own entry, armed; on the other vendor's
INT 0x80 and SYSENTER disarmed, which the next load takes over. CSTAR stays in
either case: it leads into the kernel, and 0 would be a way to crash it."""

from lab import cpus, e2e

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
        job = vm.agent.start(["vsys32", "--middle"])
        wait_entry(job, "sysenter")

        vm.agent.sh(f"echo int80 > {PARAMETER}")
        wait_entry(job, "int80")
        vm.agent.run(["rmmod", "isahp"])
        wait_entry(job, "sysenter")
        require_msrs(vm, KERNEL_CS)
        vm.agent.run(["insmod", "/lib/modules/isahp.ko", "entry=int80"])
        wait_entry(job, "int80")
        vm.agent.sh(f"echo auto > {PARAMETER}")
        wait_entry(job, "sysenter")
        intel.shim.await_vm(vm.name)
        t.say("at home: unloaded, loaded")

        vm.move(amd)
        wait_entry(job, "syscall")
        # Without the module, what comes to the middle dies: no more of it.
        job.signal(15)
        job.wait()
        job = vm.agent.start(["vsys32"])
        wait_entry(job, "syscall")
        vm.agent.run(["rmmod", "isahp"])
        require_msrs(vm, 0)
        wait_entry(job, "int80")
        e2e.require_equal(vm.agent.run(["ss_attrs"]).out, "rounds=200\n",
                          "SS without the probe")
        vm.agent.run(["insmod", "/lib/modules/isahp.ko"])
        amd.shim.await_vm(vm.name)
        wait_entry(job, "syscall")
        vm.move(intel)
        wait_entry(job, "sysenter")
        require_msrs(vm, KERNEL_CS)
        vm.agent.run(["rmmod", "isahp"])
        wait_entry(job, "sysenter")
        job.signal(15)
        job.wait()
        t.say("on the other vendor's CPU: unloaded, loaded, and back")


def require_msrs(vm, cs: int) -> None:
    want = int(vm.agent.sh("grep ' entry_SYSCALL_compat$' /proc/kallsyms"
                           ).split()[0], 16)
    for cpu in ("0", "1"):
        got = [int(vm.agent.run(["msr", cpu, hex(n)]).out, 16)
               for n in (CSTAR, CS)]
        e2e.require_equal(got, [want, cs], f"CSTAR, SYSENTER_CS of CPU {cpu}")


def wait_entry(job, entry: str) -> None:
    """Calls through this entry, none of them wrong."""
    for _ in range(2):
        line = job.wait_line(lambda s: f"entry={entry}" in s,
                             since=len(job.lines()))
        e2e.require("wrong=0" in line, line)


e2e.main(test)
