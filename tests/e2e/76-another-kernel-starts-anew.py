#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a kernel has acknowledged counts for that kernel. One that is left by
kexec says goodbye, and the next one answers the record in force for itself; of
one that is reset QEMU tells, and the next one begins in a new epoch. Of the old
one's processes none is left in what the host knows. A migration that was under
way because the old one had acknowledged is called off."""

import dataclasses

from lab import cpus, e2e, image
from lab.proc import tail
from lab.qemu import CMDLINE
from lab.shim import CtlError
from lab.vm import Vm

SLOW_BYTES_PER_S = 2_000_000


def test(t: e2e.Test) -> None:
    rich, poor = t.host("rich", cpus.RICH), t.host("poor", cpus.POOR)
    with guest_with_kernel(t) as vm:
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        check_kexec(t, vm, rich)
        check_reset(t, vm, rich)
        check_reset_in_a_move(t, vm, rich, poor)


def guest_with_kernel(t) -> Vm:
    """One whose image holds a kernel and the usual image."""
    kernel = t.kernel()
    machine = t.machine(memory_mib=768)
    inside = image.populate(kernel)
    inside.add("boot/vmlinuz", kernel.folder / "vmlinuz", 0o644)
    inside.add("boot/initrd", machine.image, 0o644)
    path = image.write(inside, f"{machine.image.stem}-kexec.cpio")
    return Vm(dataclasses.replace(machine, image=path), t.folder)


def stats(rich, vm) -> dict:
    return rich.shim.show(vm.name)["stats"]


def log_lines(rich, words: str) -> int:
    return tail(rich.shim.log, 10000).count(words)


def check_kexec(t, vm, rich) -> None:
    probe = vm.agent.start(["isahp_probe", "register", "avx2"])
    probe.wait_line(lambda line: line.startswith("ready"))
    done = prepare(t, vm, rich, 1)
    before = stats(rich, vm)
    kexec(vm)
    shown = await_next(t, vm, rich, before)
    e2e.require_equal(log_lines(rich, "guest unregistered"), 1, "goodbyes")
    e2e.require_equal(shown["record"]["sequence"], done["sequence"],
                      "the record that was answered")
    rich.shim.ctl("abort", vm.name)
    check_works(vm, rich)


def check_reset(t, vm, rich) -> None:
    prepare(t, vm, rich, 0)
    shown = rich.shim.show(vm.name)
    before = stats(rich, vm)
    reset(vm)
    then = await_next(t, vm, rich, before)
    e2e.require_equal(log_lines(rich, "guest unregistered"), 1, "goodbyes")
    e2e.require(then["record"]["epoch"] != shown["record"]["epoch"],
                "the epoch is the one before the reset")
    check_works(vm, rich)


def check_reset_in_a_move(t, vm, rich, poor) -> None:
    qmp = vm.body.qemu.qmp
    qmp.execute("migrate-set-parameters", max_bandwidth=SLOW_BYTES_PER_S)
    move = vm.start_move(poor)
    vm.agent.wait(
        lambda: qmp.execute("query-migrate").get("status") == "active",
        60, "an active migration")
    # No look from inside: the agent that spoke to us went with its kernel.
    e2e.require_equal(rich.shim.show(vm.name)["phase"], "quiesced", "phase")
    before = stats(rich, vm)
    reset(vm)
    try:
        move.wait()
    except CtlError as error:
        e2e.require_equal(error.exit, 4, f"exit code of: {error}")
        t.say(f"called off: {error}")
    else:
        raise AssertionError("it has moved on the word of a kernel that is gone")
    await_next(t, vm, rich, before)
    check_works(vm, rich)


def prepare(t, vm, rich, concerned: int) -> dict:
    done = rich.shim.ctl("prepare", vm.name, "--remove", "avx2")
    e2e.require_equal((done["verdict"], done["concerned"]), ("ack", concerned),
                      "verdict and concerned")
    return done


def await_next(t, vm, rich, before: dict) -> dict:
    vm.agent.wait(lambda: stats(rich, vm)["acks"] > before["acks"], 180,
                  "the next kernel's acknowledgement")
    shown = rich.shim.show(vm.name)
    t.say(f"the next kernel: {shown['record']}: {shown['answer']}")
    e2e.require_equal((shown["answer"]["verdict"], shown["answer"]["registrants"]),
                      ("ack", 0), "the next kernel's answer")
    return shown


def check_works(vm, rich) -> None:
    rich.shim.await_vm(vm.name)
    gone = rich.shim.ctl("announce", vm.name, "--remove", "avx2")
    e2e.require_equal(gone["verdict"], "ack", "a removal from the next kernel")
    rich.shim.ctl("announce", vm.name, "--add", "avx2")
    rich.shim.await_vm(vm.name)


def kexec(vm) -> None:
    job = vm.agent.start(["isahp_kexec", "/boot/vmlinuz", "/boot/initrd",
                          f"{CMDLINE} {vm.machine.cmdline}"])
    job.wait_line(lambda line: line == "loaded")


def reset(vm) -> None:
    """As a crash or a reset button: nothing is said."""
    qmp = vm.body.qemu.qmp
    qmp.execute("set-action", reboot="reset")
    qmp.execute("system_reset")


e2e.main(test)
