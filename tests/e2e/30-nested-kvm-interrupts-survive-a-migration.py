#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Under real KVM, in a guest within a guest: after a live migration the new
host's isahpd still interrupts the guest, because the module sets up MSI-X again
on a new epoch. The control: the same module told not to gets no interrupt any
more, and hears of events only when it polls."""

from lab import e2e, nested
from lab.vm import Vm

ROUNDS = 3


def test(t: e2e.Test) -> None:
    machine = nested.machine()
    for rearm in (1, 0):
        with Vm(machine, t.folder, f"l1-rearm-{rearm}") as vm:
            vm.boot(t.plain_host("l0", nested.CPU))
            nested.load_kvm(vm)
            check(t, vm, rearm)


def check(t: e2e.Test, vm: Vm, rearm: int) -> None:
    a, b = nested.Host(vm, "a"), nested.Host(vm, "b")
    a.start("interrupts", f"rearm={rearm}")
    a.ctl("vm", "wait", "l2", "--for", "settled", "--timeout", "120000")
    e2e.require(rings(t, a, "before") > 0, "no interrupt before the migration")
    b.start("interrupts", incoming="unix:/tmp/migrate")
    b.ctl("vm", "wait", "l2", "--for", "target", "--timeout", "120000")
    moved = a.ctl("migrate", "l2", "--to", "unix:/tmp/migrate",
                  "--dest-control", b.control)
    t.say(f"rearm={rearm}: moved, stopped for {moved['downtime_ms']:.0f} ms")
    after = rings(t, b, "after")
    if rearm:
        e2e.require(after >= ROUNDS, f"{after} interrupts in {ROUNDS} rounds")
    else:
        e2e.require_equal(after, 0, "interrupts without setting up again")
    for host in (a, b):
        host.check()


def rings(t: e2e.Test, host: nested.Host, when: str) -> int:
    """How often L2's record vector is interrupted in some rounds of events, all
    of which it has to acknowledge either way."""
    first = host.interrupts()
    times = []
    for _ in range(ROUNDS):
        times.append(host.ctl("prepare", "l2", "--remove", "adx")["ack_ms"])
        host.ctl("abort", "l2")
        host.ctl("vm", "wait", "l2", "--for", "settled", "--timeout", "60000")
    last = host.interrupts()
    t.say(f"{when}: vectors {first} -> {last}; acknowledged after "
          f"{', '.join(f'{ms:.0f}' for ms in times)} ms")
    return last[0] - first[0]


e2e.main(test, tries=nested.TRIES)
