#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A guest that was booted on AMD comes to Intel, under a QEMU that raises #UD
for SYSCALL in 32-bit code there, as hardware does. Without isahp the first
32-bit system call kills its process. With isahp 32-bit programs go on, by INT
0x80 from the PREPARE on and by SYSENTER after the COMMIT, and by SYSCALL again
back on AMD; no call gives a wrong result."""

from lab import cpus, e2e, emulator, entry32
from lab.qemu import accel


def dies_without(t: e2e.Test, qemu: emulator.Emulator) -> None:
    amd = t.plain_host("plain-amd", cpus.AMD_TO_RICH)
    intel = t.plain_host("plain-intel", cpus.RICH)
    with t.vm("plain", cmdline="noisahp=1", emulator=qemu) as vm:
        vm.boot(amd)
        vm.agent.run(["entry32", "call"])
        vm.allow.append(r"traps: entry32\[\d+\] trap invalid opcode")
        vm.plain_move(intel)
        end = vm.agent.run(["entry32", "call"], check=False).end
        t.say(f"without isahp, from AMD to Intel: {end}")
        e2e.require_equal(str(end), "signal SIGILL", "a 32-bit system call")


def test(t: e2e.Test) -> None:
    entry32.need(t)
    qemu = emulator.fetch("10.0")
    t.say(f"QEMU {qemu.version()}")
    dies_without(t, qemu)

    amd, intel = t.host("amd", cpus.AMD_TO_RICH), t.host("intel", cpus.RICH)
    with t.vm(emulator=qemu) as vm:
        vm.boot(amd)
        amd.shim.await_vm(vm.name)
        calls = entry32.Calls(t, vm)

        def look(host: str, form: str) -> None:
            calls.wait(form)
            e2e.require_equal(entry32.form(vm), form, f"the entry on {host}")
            t.say(f"getpid on {host} ({accel()}): {entry32.rate(vm)}")

        look("AMD", "syscall")
        amd.shim.ctl("prepare", vm.name, "--vendor-next", "intel")
        look("AMD, prepared", "int80")
        amd.shim.ctl("abort", vm.name)
        amd.shim.await_vm(vm.name)
        look("AMD, aborted", "syscall")
        vm.move(intel)
        look("Intel", "sysenter")
        vm.move(amd)
        look("AMD again", "syscall")
        # Told of it only when it is there: #UD all over, and each repaired.
        vm.plain_move(intel)
        intel.shim.await_vm(vm.name)
        look("Intel, unannounced", "sysenter")
        calls.end()


e2e.main(test)
