#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each record that comes into force is a uevent of the device, with its kind,
its number and the features that leave: what an administrator's udev rule would
see, in order, each once."""

from lab import cpus, e2e
from lab.agent import Job

SYSFS_UEVENT = "/sys/class/misc/isahp/uevent"


def test(t: e2e.Test) -> None:
    rich = t.host("rich", cpus.RICH)
    shim = rich.shim
    with t.vm() as vm:
        vm.boot(rich)
        shim.await_vm(vm.name)
        heard = listen(vm)
        first = shim.show(vm.name)["record"]["sequence"]
        shim.ctl("announce", vm.name, "--remove", "avx2,fma")
        shim.ctl("announce", vm.name, "--add", "avx2,fma")
        shim.ctl("prepare", vm.name, "--remove", "aes")
        shim.ctl("abort", vm.name)
        shim.await_vm(vm.name)
        expected = [("prepare", first + 1, {"avx2", "fma"}), ("commit", first + 2, set()),
                    ("announce", first + 3, set()), ("prepare", first + 4, {"aes"}),
                    ("abort", first + 5, set())]
        vm.agent.wait(lambda: len(events(heard)) >= len(expected), 60, "the uevents")
        t.say(f"heard: {events(heard)}")
        e2e.require_equal(events(heard), expected, "uevents")


def listen(vm) -> Job:
    """A line for each uevent of any device, once it is known to hear."""
    job = vm.agent.start(["uevent", "sh", "-c", 'echo "$DEVNAME:$ISAHP_EVENT:'
                                                '$ISAHP_SEQUENCE:$ISAHP_LEAVING"'])
    poke = vm.agent.start(["sh", "-c", f"while :; do echo change > {SYSFS_UEVENT}; "
                                       "sleep 0.1; done"])
    job.wait_line(lambda line: line.startswith("isahp:"))
    poke.signal(9)
    poke.wait()
    return job


def events(job: Job) -> list[tuple[str, int, set[str]]]:
    """(kind, sequence, leaving) of each that is a record's."""
    fields = [line.split(":") for line in job.lines()]
    return [(kind, int(sequence), set(leaving.split(",")) - {""})
            for name, kind, sequence, leaving in fields if name == "isahp" and kind]


e2e.main(test)
