#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A guest boots on each CPU model; a command's output, exit code or signal
come back; a kernel that complains is noticed."""

from lab import cpus, e2e
from lab.agent import End
from lab.errors import GuestSplat, LabError

MODELS = {"rich": cpus.RICH, "poor": cpus.POOR, "amd": cpus.AMD}


def test(t: e2e.Test) -> None:
    for name, model in MODELS.items():
        with t.vm(name, whole=True) as vm:
            vm.boot(t.plain_host(name, model))
            t.say(f"{name}: {model} is up")
            check_commands(vm.agent)
            flags = vm.agent.sh("grep -m1 ^flags /proc/cpuinfo").split()
            e2e.require_equal({f for f in cpus.LOST if f in flags},
                              set() if name == "poor" else set(cpus.LOST),
                              f"features in {name}'s cpuinfo")
            if name == "rich":
                check_large_output(vm.agent)
                check_splat_is_noticed(vm)


def check_commands(agent) -> None:
    result = agent.run(["sh", "-c", "echo out; echo err >&2; exit 7"],
                       check=False)
    e2e.require_equal((result.out, result.err, result.code),
                      ("out\n", "err\n", 7), "a command's result")
    odd = "a\\b \x01\ttab\nline ü #12345678"
    e2e.require_equal(agent.run(["printf", "%s", odd]).out, odd, "odd bytes")
    result = agent.run(["sh", "-c", "kill -9 $$"], check=False)
    e2e.require_equal(result.end, End(signal=9), "a killed command")
    try:
        agent.run(["no-such-program"])
        raise AssertionError("a missing program was run")
    except LabError as error:
        e2e.require("No such file" in str(error), f"wrong error: {error}")


def check_large_output(agent) -> None:
    size = 300000
    result = agent.run(["sh", "-c", f"yes | head -c {size}"])
    e2e.require_equal(len(result.out), size, "bytes of a large output")


def check_splat_is_noticed(vm) -> None:
    vm.agent.sh("echo 'test: WARNING: planted' > /dev/kmsg")
    try:
        vm.agent.wait(lambda: False, 20, "a splat")
    except GuestSplat:
        vm.allow.append("planted")
        return
    except LabError:
        pass
    raise AssertionError("a warning in the kernel's log went unnoticed")


e2e.main(test)
