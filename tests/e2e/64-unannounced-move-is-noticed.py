#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A snapshot is restored on another CPU model, and no shim says a word: the
guest notices by itself, within a second, by the VM generation ID or, without
one, by CPUID. What is missing is not usable any more, what was leaving does not
come back, nothing rises, 32-bit programs enter the kernel by INT 0x80, who
registered is told. When the shim speaks it has the last word, and is told what
happened."""

import re
import signal
import threading
import time

from lab import cpus, e2e

NOTICED = re.compile(r"^\[ *([0-9.]+)\] isahp: this guest has moved "
                     r"unannounced, seen by ([a-z ]*); lost (\S+)", re.M)
MARK = re.compile(r"^\[ *([0-9.]+)\] lab: mark", re.M)
LIMIT_S = 1.0
MUTE_AT_MOST_S = 20


class Muted:
    """No word of a host's isahpd while its guest wakes up there."""

    def __init__(self, host):
        self.host = host

    def __call__(self) -> None:
        self.host.shim.process.signal(signal.SIGSTOP)
        # Whatever comes, the end of the test speaks to it.
        timer = threading.Timer(MUTE_AT_MOST_S, self.end)
        timer.daemon = True
        timer.start()

    def end(self) -> None:
        if self.host.shim.process.poll() is None:
            self.host.shim.process.signal(signal.SIGCONT)


def test(t: e2e.Test) -> None:
    for vmgenid in (False, True):
        t.say(f"--- {'with' if vmgenid else 'without'} a generation ID")
        notice(t, vmgenid)
    without_a_device(t)


def notice(t: e2e.Test, vmgenid: bool) -> None:
    name = "genid" if vmgenid else "cpuid"
    rich = t.host(f"rich-{name}", cpus.RICH)
    poor = t.host(f"poor-{name}", cpus.POOR)
    amd = t.host(f"amd-{name}", cpus.AMD)
    file = t.folder / f"snapshot-{name}"
    with t.vm(name, vmgenid=vmgenid) as vm:
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        probe = vm.agent.start(["isahp_probe", "register", "avx2"])
        probe.wait_line(lambda line: "phase=steady" in line)

        muted = restore(t, vm, file, poor)
        line = probe.wait_line(lambda line: "phase=detached" in line)
        e2e.require("flags=8" in line, f"no word of a surprise: {line}")
        figure(t, vm, "avx2")
        gone = set(cpus.LOST) & set(vm.isahp("usable").split())
        e2e.require(not gone, f"usable on poor: {gone}")
        e2e.require("aes" in vm.isahp("usable").split(), "too much has gone")
        e2e.require_equal(vm.isahp("unplanned"), "1", "unplanned")
        e2e.require_equal(vm.isahp("entry"), "int80", "entry")
        muted.end()
        poor.shim.await_vm(vm.name)
        vm.wait_isahp("phase", "steady")
        e2e.require_equal(vm.isahp("unplanned"), "0", "unplanned")
        e2e.require_equal(vm.isahp("entry"), "sysenter", "entry")
        log = poor.shim.log.read_text()
        e2e.require("guest reports move that nobody announced" in log
                    and "avx2" in log, "the host was not told")

        # Back on the rich model, and still nobody speaks: nothing rises.
        muted = restore(t, vm, file, rich)
        sleep_past_the_limit()
        e2e.require("avx2" not in vm.isahp("usable").split(),
                    "avx2 came back by itself")
        muted.end()
        rich.shim.await_vm(vm.name)
        vm.wait_isahp("phase", "steady")
        e2e.require("avx2" in vm.isahp("usable").split(), "avx2")

        # What was let go stays away, although CPUID shows it.
        rich.shim.ctl("prepare", vm.name, "--remove", "avx2")
        muted = restore(t, vm, file, amd)
        vm.wait_isahp("phase", "detached")
        e2e.require_equal(vm.isahp("entry"), "int80", "entry")
        e2e.require("avx2" not in vm.isahp("usable").split(), "avx2")
        figure(t, vm, None)
        muted.end()
        amd.shim.await_vm(vm.name)
        vm.wait_isahp("phase", "steady")
        e2e.require("avx2" in vm.isahp("usable").split(), "avx2")
        probe.signal(signal.SIGKILL)


def restore(t, vm, file, host) -> Muted:
    muted = Muted(host)
    vm.agent.sh("echo lab: mark > /dev/kmsg")
    began = time.monotonic()
    vm.body.qemu.qmp.execute("stop")
    vm.mark_to_stop_s = time.monotonic() - began
    vm.save(file)
    vm.restore(file, host, before=muted)
    file.unlink()
    return muted


def figure(t, vm, lost) -> None:
    """How long the guest was in the dark, by its own clock."""
    vm.agent.wait(lambda: after_mark(vm), 30, "the kernel's word of the move")
    marked, noticed = after_mark(vm)
    took = float(noticed[0]) - marked
    t.say(f"noticed {took * 1000:.0f} ms after the mark, which was at most "
          f"{vm.mark_to_stop_s * 1000:.0f} ms before the stop, by "
          f"{noticed[1].strip()}; lost {noticed[2]}")
    e2e.require(took - vm.mark_to_stop_s < LIMIT_S,
                f"noticed after {took:.3f} s")
    if lost:
        e2e.require(lost in noticed[2].split(","), f"{lost} is not named")


def after_mark(vm):
    """When the last mark was made, and what was noticed after it."""
    text = vm.console_text()
    mark = list(MARK.finditer(text))[-1]
    noticed = NOTICED.search(text, mark.end())
    return noticed and (float(mark[1]), noticed.groups())


def sleep_past_the_limit() -> None:
    time.sleep(LIMIT_S + 0.5)


def without_a_device(t: e2e.Test) -> None:
    """No shim at all, ever: CPUID is all there is, up and down."""
    t.say("--- without a shim")
    rich = t.plain_host("rich-plain", cpus.RICH)
    poor = t.plain_host("poor-plain", cpus.POOR)
    with t.vm("plain") as vm:
        vm.boot(rich)
        e2e.require_equal(vm.isahp("transport"), "none", "transport")
        e2e.require("avx2" in vm.isahp("usable").split(), "avx2")
        vm.plain_move(poor)
        vm.wait_isahp("unplanned", "1")
        e2e.require("avx2" not in vm.isahp("usable").split(), "avx2 on poor")
        moves = vm.isahp("figures/moves_unplanned")
        vm.plain_move(rich)
        vm.wait_isahp("figures/moves_unplanned", str(int(moves) + 1))
        e2e.require("avx2" in vm.isahp("usable").split(), "avx2 on rich")


e2e.main(test)
