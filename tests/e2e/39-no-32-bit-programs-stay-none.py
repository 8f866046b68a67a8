#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A guest that was booted with `ia32_emulation=0` does not get its 32-bit
programs back through a change of vendor, a policy, a CPU that comes, or the
module's end: they do not start, and 32-bit code finds no way into the kernel but
the one that says ENOSYS. That one it finds on AMD: SYSCALL of a kernel booted on
Intel would lead to address 0."""

import re

from lab import cpus, e2e
from lab.entry32 import POLICY
from lab.errors import Skip

CSTAR, CS, EIP = 0xC0000083, 0x174, 0x176
SINCE = (6, 7)
ONLINE = "/sys/devices/system/cpu/cpu1/online"


def test(t: e2e.Test) -> None:
    release = t.kernel().release
    if tuple(int(n) for n in re.findall(r"\d+", release)[:2]) < SINCE:
        raise Skip(f"{release} cannot be booted without 32-bit programs: "
                   "ia32_emulation= came with 6.7 (--kernel 6.12 or 7.2)")
    t.need_program("raw32", "install gcc-multilib")
    intel, amd = t.host("intel", cpus.RICH), t.host("amd", cpus.AMD)
    with t.vm("on") as vm:
        vm.boot(intel)
        end = vm.agent.run(["compat", "int80"])
        e2e.require(int(end.out.split("=")[1]) > 0, f"control: {end}")
        vm.agent.run(["raw32", "sysenter"])
    with t.vm(cmdline="ia32_emulation=0") as vm:
        vm.allow += [r"traps: compat\[\d+\] general protection",
                     r"traps: compat\[\d+\] trap invalid opcode"]
        vm.boot(intel)
        intel.shim.await_vm(vm.name)
        vm.agent.sh("insmod /lib/modules/msr.ko")
        ignore = int(vm.agent.sh("grep ' entry_SYSCALL32_ignore$' /proc/kallsyms"
                                 ).split()[0], 16)

        def check(where: str) -> None:
            require_none(vm, ignore, vm.host is amd)
            t.say(f"none {where}")

        e2e.require_equal(vm.isahp("entry"), "unneeded", "the entry")
        check("on Intel")
        for policy in ("int80", "emulate", "off", "auto"):
            vm.agent.sh(f"echo {policy} > {POLICY}")
        check("by any policy")
        intel.shim.ctl("prepare", vm.name, "--vendor-next", "amd")
        check("in a PREPARE")
        intel.shim.ctl("abort", vm.name)
        intel.shim.await_vm(vm.name)
        vm.move(amd)
        check("on AMD")
        e2e.require_equal(vm.agent.run(["ss_attrs"]).out, "rounds=200\n",
                          "SS in 32-bit code")
        vm.move(intel)
        vm.agent.sh(f"echo 0 > {ONLINE}; echo 1 > {ONLINE}")
        check("on Intel again, with a CPU that came there")
        e2e.require_equal(vm.isahp("entry"), "unneeded", "the entry")
        vm.agent.run(["rmmod", "isahp"])
        check("without the module")


def require_none(vm, ignore: int, on_amd: bool) -> None:
    # What the kernel does not know is taken for a script.
    done = vm.agent.run(["raw32", "syscall"], check=False)
    e2e.require("syntax error" in done.err and not done.out,
                f"a 32-bit program has started: {done}")
    done = vm.agent.run(["compat", "syscall"], check=False)
    e2e.require_equal(done.out or str(done.end),
                      "eax=-38\n" if on_amd else "signal SIGILL",
                      "SYSCALL of 32-bit code")
    end = vm.agent.run(["compat", "int80"], check=False).end
    e2e.require_equal(str(end), "signal SIGSEGV", "INT 0x80")
    for cpu in ("0", "1"):
        got = [int(vm.agent.run(["msr", cpu, hex(n)]).out, 16)
               for n in (CSTAR, CS, EIP)]
        e2e.require_equal(got, [ignore, 0, 0],
                          f"CSTAR, SYSENTER's CS and EIP of CPU {cpu}")


e2e.main(test)
