#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A debug build of the module carries out the emulator's self-test before anything
else, and says so; with a vector that comes to something else it does not load."""

import re

from lab import cpus, e2e
from lab.errors import Skip
from lab.paths import SOURCE, build_dir

MODULE = "/lib/modules/isahp.ko"
PASSED = re.compile(r"isahp: emulator: (\d+) vectors of the self-test in (\d+) us")
FAILED = re.compile(r"isahp: emulator: vector (\d+) of the self-test fails, not loaded")


def test(t: e2e.Test) -> None:
    release = t.kernel().release
    if not release.endswith("-isahp-debug"):
        raise Skip(f"{release} is no debug kernel: ./dev test --debug-kernel")
    digests = re.findall(r"^VECTOR\(\d+, \d+, 0x(\w+)",
                         (SOURCE / "isa-core" / "selftest.def").read_text(), re.M)
    with t.vm() as vm:
        vm.boot(t.host("rich", cpus.RICH))
        said = PASSED.search(vm.console_text())
        e2e.require(said is not None, "the module says nothing of its self-test")
        assert said
        e2e.require_equal(int(said[1]), len(digests), "vectors")
        t.say(f"{said[1]} vectors in {said[2]} us")

        number = len(digests) // 2
        module = (build_dir() / "lib" / "modules" / release / "isahp.ko").read_bytes()
        digest = int(digests[number], 16).to_bytes(8, "little")
        e2e.require_equal(module.count(digest), 1, "places of a digest")
        vm.agent.sh(f"rmmod isahp && cp {MODULE} /tmp/spoilt.ko && printf '\\{digest[0] ^ 1:03o}'"
                    f" | dd of=/tmp/spoilt.ko bs=1 seek={module.find(digest)} conv=notrunc")
        end = vm.agent.run(["insmod", "/tmp/spoilt.ko"], check=False)
        e2e.require(end.code != 0, "a module with a spoilt vector was loaded")
        wrong = FAILED.search(vm.console_text())
        e2e.require(wrong is not None and int(wrong[1]) == number,
                    f"vector {number} was spoilt, and the log does not say so")
        e2e.require("isahp " not in vm.agent.read("/proc/modules"), "half a module")
        vm.agent.run(["insmod", MODULE])
        e2e.require_equal(len(PASSED.findall(vm.console_text())), 2, "loads")
        t.say(f"spoilt: {end.err.strip()}")


e2e.main(test)
