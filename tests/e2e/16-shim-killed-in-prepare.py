#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""isahpd is killed while the guest is asked to let go: once after the guest's
acknowledgement, once before it. The guest runs on, on the safe side (what was
leaving stays out of use), and says so in its log and in sysfs. A QEMU with a
new isahpd takes it over and makes it whole."""

import signal

from lab import cpus, e2e
from lab.mathdemo import MathDemo

SILENT_MS = 2000


def test(t: e2e.Test) -> None:
    with t.vm() as vm:
        rich = t.host("rich", cpus.RICH)
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        vm.agent.sh(f"echo {SILENT_MS} > "
                    "/sys/module/isahp/parameters/host_silent_ms")
        demo = MathDemo(vm.agent)
        demo.wait_variant("avx2")

        rich.shim.ctl("prepare", vm.name, "--remove", "avx2")
        e2e.require_equal(vm.isahp("phase"), "quiesced", "phase")
        rich.shim.kill()
        check_safe_side(t, vm, demo)

        second = take_over(t, vm, demo)
        silent = vm.agent.start(["isahp_probe", "register", "avx2",
                                 "--never"])
        silent.wait_line(lambda line: line.startswith("ready"))
        second.shim.start("prepare", vm.name, "--remove", "avx2",
                          "--deadline", "50000")
        silent.wait_line(lambda line: "type=prepare" in line)
        e2e.require_equal(vm.isahp("phase"), "leaving", "phase")
        second.shim.kill()
        silent.signal(signal.SIGKILL)
        check_safe_side(t, vm, demo)
        demo.end()


def check_safe_side(t, vm, demo) -> None:
    vm.wait_isahp("host_silent", "1")
    demo.wait_variant("sse2")
    e2e.require("avx2" not in vm.isahp("usable").split(), "avx2 is in use")
    said = [line for line in vm.console_text().splitlines()
            if "the host has said nothing" in line]
    e2e.require(bool(said), "the kernel's log does not say so")
    t.say(f"shim killed: {said[-1]}")


def take_over(t, vm, demo):
    """To another QEMU with another isahpd, as an operator would."""
    host = t.host("second", cpus.RICH)
    vm.plain_move(host)
    host.shim.await_vm(vm.name)
    demo.wait_variant("avx2")
    e2e.require_equal(vm.isahp("host_silent"), "0", "host_silent")
    return host


e2e.main(test)
