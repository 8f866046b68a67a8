#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Under real KVM: what SVM's VMCB keeps of SYSENTER's target is 32 bits, as on
an AMD CPU, and where the instruction executes all the same any 32-bit program
enters ring 0 at a user's address: the control, a guest without isahp, dies of
it. With isahp it is disarmed from load on: the program gets a signal, and nobody
else notices. (That SYSENTER executes at all on AMD is TCG's doing, which is the
CPU of L1; a guest that was booted on AMD meets the same on Intel.)"""

from lab import e2e, nested
from lab.vm import Vm

SEGV = "139"


def test(t: e2e.Test) -> None:
    with Vm(nested.machine(), t.folder, "l1") as vm:
        vm.boot(t.plain_host("l0", nested.CPU))
        nested.load_kvm(vm)
        with_isahp(t, nested.Host(vm, "a"))
        without(t, nested.Host(vm, "b"))


def with_isahp(t: e2e.Test, host: nested.Host) -> None:
    host.start("raw")
    host.ctl("vm", "wait", "l2", "--for", "settled", "--timeout", "120000")
    for _ in range(2):
        by_sysenter = host.wait_line("raw", lambda line: line.startswith("sysenter"))
        e2e.require_equal(by_sysenter.split()[1], SEGV, "status after SYSENTER")
        by_syscall = host.wait_line("raw", lambda line: line.startswith("syscall"))
        e2e.require_equal(by_syscall, "syscall 0 right", "the other entry")
    t.say(f"with isahp: {by_sysenter}; {by_syscall}")
    host.check()
    host.quit()


def without(t: e2e.Test, host: nested.Host) -> None:
    host.start("raw", "absent")
    host.agent.sh(f"until grep -aq 'Kernel panic' {host.console}; do sleep 0.2; done",
                  timeout_s=120)
    said = host.agent.sh(f"grep -am 1 'double fault' {host.console} || true")
    e2e.require(bool(said), "it died of something else than a double fault")
    t.say(f"without: {said.strip()}")


e2e.main(test, tries=nested.TRIES)
