#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Threads caught at any place of the 32-bit entry, asleep, restarting, stopped,
stepped, in signal handlers, with a saved context, freshly forked, or with a copy
of the page: through each change of the entry none sees a wrong register,
argument, errno or signal. Nor do more at once than the module has room for: the
entry stays INT 0x80 then, and a debugger's write is refused. With a stack that is
away, or that must not be read, they end as by the kernel's own entry. Planted
errors are seen."""

from lab import cpus, e2e, emulator, entry32

# What the plant says on the way, where the thread was left in the middle.
PLANTS = {"nops": "read-back@site+2", "argument": "read-back@site+2",
          "register": "handler@site+2"}
# The module has room for 64 that wait to be repaired.
CROWD, ROOM = 80, 64


def flight(t: e2e.Test, vm, what: str, forms: str, change) -> None:
    repairs = entry32.figure(vm, "entry_repairs")
    got, found = entry32.fly(vm, change)
    e2e.require_equal(entry32.wrong_ones(found), {}, f"{what}: {got}")
    e2e.require_equal(got, forms, what)
    t.say(f"{what}: {got}, {len(found)} cases, "
          f"{entry32.figure(vm, 'entry_repairs') - repairs} repairs")


def stacks(t: e2e.Test, vm) -> None:
    """What the kernel's own entry does with a stack, the repair does too."""
    own = entry32.stacks(vm)
    e2e.require_equal([line.split()[1:3] for line in own],
                      [["case=present", "present=1"], ["case=away", "present=0"],
                       ["case=forbidden", "present=1"]], "cases")
    e2e.require(own[1].endswith("result=ok"), f"{own}")
    entry32.policy(vm, "int80")
    repairs = entry32.figure(vm, "entry_repairs")
    e2e.require_equal(entry32.stacks(vm), own, "with INT 0x80")
    repairs = entry32.figure(vm, "entry_repairs") - repairs
    e2e.require_equal(repairs, len(own), "repairs")
    entry32.policy(vm, "auto")
    t.say(f"stacks: {own}")


def crowds(t: e2e.Test, vm, intel, amd) -> None:
    """More than there is room for."""
    said = entry32.crowd(vm, "written", CROWD, lambda: vm.move(amd))
    t.say(f"written back: {said}")
    e2e.require_equal((said["form"], said["refused"]),
                      ("syscall", str(CROWD - ROOM)), "on AMD, refused")
    said = entry32.crowd(vm, "left", CROWD, lambda: vm.move(intel))
    t.say(f"left in the middle: {said}")
    e2e.require_equal(said["form"], "int80", "on Intel")
    # They are gone, and the next that is asked finds room.
    entry32.policy(vm, "auto")
    e2e.require_equal(entry32.form(vm), "sysenter", "on Intel")


def on_intel_first(t: e2e.Test) -> None:
    """Booted on Intel, all changes there are."""
    intel, amd = t.host("intel", cpus.RICH), t.host("amd", cpus.AMD)

    def prepare() -> None:
        intel.shim.ctl("prepare", vm.name, "--vendor-next", "amd")

    def abort() -> None:
        intel.shim.ctl("abort", vm.name)
        intel.shim.await_vm(vm.name)

    with t.vm("intel-first", cmdline=entry32.FAST) as vm:
        vm.boot(intel)
        intel.shim.await_vm(vm.name)
        for plant, must_see in PLANTS.items():
            _, found = entry32.fly(vm, prepare, "--plant", plant)
            wrong = entry32.wrong_ones(found)
            e2e.require(must_see in wrong and len(wrong) >= 5,
                        f"planted {plant}, seen: {wrong}")
            t.say(f"planted {plant}: {len(wrong)} wrong; {must_see}: "
                  f"{wrong[must_see]}")
            abort()
        flight(t, vm, "prepare", "sysenter->int80", prepare)
        flight(t, vm, "abort", "int80->sysenter", abort)
        flight(t, vm, "prepare and abort", "sysenter->sysenter",
               lambda: (prepare(), abort()))
        flight(t, vm, "policy int80", "sysenter->int80",
               lambda: entry32.policy(vm, "int80"))
        flight(t, vm, "policy auto", "int80->sysenter",
               lambda: entry32.policy(vm, "auto"))
        flight(t, vm, "to AMD", "sysenter->syscall", lambda: vm.move(amd))
        flight(t, vm, "policy int80 on AMD", "syscall->int80",
               lambda: entry32.policy(vm, "int80"))
        flight(t, vm, "policy auto on AMD", "int80->syscall",
               lambda: entry32.policy(vm, "auto"))
        flight(t, vm, "back to Intel", "syscall->sysenter", lambda: vm.move(intel))
        flight(t, vm, "to AMD and back", "sysenter->sysenter",
               lambda: (vm.move(amd), vm.move(intel)))
        stacks(t, vm)
        crowds(t, vm, intel, amd)


def on_amd_first(t: e2e.Test) -> None:
    """Booted on AMD, where SYSCALL really traps on Intel."""
    qemu = emulator.fetch("10.0")
    amd, intel = t.host("amd-10", cpus.AMD_TO_RICH), t.host("intel-10", cpus.RICH)
    with t.vm("amd-first", emulator=qemu, cmdline=entry32.FAST) as vm:
        vm.boot(amd)
        amd.shim.await_vm(vm.name)
        flight(t, vm, "to Intel", "syscall->sysenter", lambda: vm.move(intel))
        flight(t, vm, "back to AMD", "sysenter->syscall", lambda: vm.move(amd))
        flight(t, vm, "to Intel, unannounced", "syscall->sysenter",
               lambda: (vm.plain_move(intel), intel.shim.await_vm(vm.name)))


def test(t: e2e.Test) -> None:
    entry32.need(t)
    on_intel_first(t)
    on_amd_first(t)


e2e.main(test)
