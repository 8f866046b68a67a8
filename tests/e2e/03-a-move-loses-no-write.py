#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The lab: of a guest that writes all the time, a live migration loses nothing.
Its CPU has no Meltdown, so that its kernel seldom flushes the TLB. (QEMU 7.2,
ISAHP_QEMU=system on Debian 12, loses pages in one move of two.)"""

import re

from lab import cpus, e2e

MOVES = 4


def test(t: e2e.Test) -> None:
    hosts = t.plain_host("a", cpus.AMD), t.plain_host("b", cpus.AMD)
    with t.vm(cmdline="noisahp=1") as vm:
        vm.boot(hosts[0])
        jobs = [vm.agent.start(["page_writer"]) for _ in range(2)]
        for job in jobs:
            job.wait_line(bool)
        for n in range(MOVES):
            vm.plain_move(hosts[(n + 1) % 2])
            for job in jobs:
                checked(t, job)


def checked(t: e2e.Test, job) -> None:
    """Each page has been looked at since the move: a round of the job may have
    begun before it, the one after it has not."""
    said = len(job.lines())
    job.wait_line(bool, since=said)
    line = job.wait_line(bool, since=said + 1)
    t.say(line)
    lost, of = map(int, re.findall(r"\d+", line))
    e2e.require(of > 0, "nothing was looked at")
    e2e.require_equal(lost, 0, "pages whose last write was lost")


e2e.main(test)
