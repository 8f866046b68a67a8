#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Neither side dies of the other's page, or believes what it must not. Random
bytes and well-formed but illegal records are put where the host writes, and
random bytes where the guest writes, while the two are at work: the guest stays
as it is and says what it refuses, isahpd goes on. A host that speaks a protocol
from the future is left alone by the module. Prints its seed; ISAHP_SEED repeats
a run."""

import mmap
import os
import random
import struct
import time
from pathlib import Path

from lab import cpus, e2e
from lab.mathdemo import MathDemo

SEED = int(os.environ.get("ISAHP_SEED",
                          random.SystemRandom().randrange(1 << 32)))

# include/isahp/abi.h
SHM_SIZE, PAGE = 16384, 4096
VERSION_AT = 8
SLOT_AT, RECORD_AT = 64, 80
RECORD = struct.Struct("<II16sQQII32s32s")
ANNOUNCE, PREPARE, COMMIT, ABORT = 1, 2, 3, 4


def crc32c(data: bytes) -> int:
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


class Page:
    """The shared memory of isahpd's only VM, got hold of by /proc."""

    def __init__(self, pid: int):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            if (os.readlink(link).startswith("/memfd:")
                    and link.stat().st_size == SHM_SIZE):
                with open(link, "r+b") as file:
                    self.map = mmap.mmap(file.fileno(), SHM_SIZE)
                return
        raise AssertionError("isahpd has no shared memory")

    def record(self) -> tuple:
        return RECORD.unpack_from(self.map, RECORD_AT)

    def write_record(self, record: tuple) -> None:
        """As a well-behaved host writes it, whatever it says."""
        payload = RECORD.pack(*record)
        count, = struct.unpack_from("<I", self.map, SLOT_AT)
        struct.pack_into("<I", self.map, SLOT_AT, (count | 1) & 0xffffffff)
        self.map[RECORD_AT:RECORD_AT + len(payload)] = payload
        struct.pack_into("<III", self.map, SLOT_AT + 4, len(payload),
                         crc32c(payload), 0)
        struct.pack_into("<I", self.map, SLOT_AT, (count + 2) & 0xfffffffe)

    def scribble(self, rng: random.Random, begin: int, end: int) -> None:
        at = rng.randrange(begin, end)
        size = rng.randrange(1, min(256, end - at) + 1)
        self.map[at:at + size] = rng.randbytes(size)


def test(t: e2e.Test) -> None:
    t.say(f"seed {SEED}")
    rng = random.Random(SEED)
    rich = t.host("rich", cpus.RICH)
    with t.vm() as vm:
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        demo = MathDemo(vm.agent)
        demo.wait_variant("avx2")
        page = Page(rich.shim.process.pid)
        # From here to the abort the guest looks every 20 ms.
        rich.shim.ctl("prepare", vm.name, "--remove", "avx2")
        # It would put right what is put wrong here before the guest sees it.
        with rich.shim.paused():
            check_host_nonsense(t, vm, page, rng)
            check_illegal_records(t, vm, page)
        rich.shim.ctl("abort", vm.name)
        rich.shim.await_vm(vm.name)
        demo.wait_variant("avx2")

        check_guest_nonsense(t, vm, rich.shim, page, rng)
        rich.shim.ctl("announce", vm.name, "--remove", "avx2")
        demo.wait_variant("sse2")
        demo.end()
        check_future(t, vm, rich.shim, page)
        with rich.shim.paused():
            check_legal_record_is_taken(vm, page)


def check_same(vm) -> None:
    e2e.require_equal((vm.isahp("phase"), vm.isahp("leaving")),
                      ("quiesced", "avx2"), "phase and leaving")


def check_host_nonsense(t, vm, page, rng) -> None:
    whole = page.map[:PAGE]
    for _ in range(100):
        page.scribble(rng, 0, PAGE)
        time.sleep(0.02)
    check_same(vm)
    page.map[:PAGE] = whole
    t.say("the guest has seen 100 random host pages")


def check_illegal_records(t, vm, page) -> None:
    good = page.record()
    kind, flags, epoch, seq, deadline, vendor, next_, present, leaving = good
    all_ones = b"\xff" * 32
    later = seq + 1
    illegal = {
        "unknown type": (99, flags, epoch, later, deadline, vendor, next_,
                         present, leaving),
        "leaving what is not present": (PREPARE, flags, epoch, later, deadline,
                                        vendor, next_, present, all_ones),
        "leaving in a COMMIT": (COMMIT, flags, epoch, later, 0, vendor, next_,
                                present, leaving),
        "ABORT of another epoch": (ABORT, flags, b"x" * 16, later, 0, vendor,
                                   next_, present, bytes(32)),
        "a sequence that goes back": (ABORT, flags, epoch, seq - 1, 0, vendor,
                                      next_, present, bytes(32)),
    }
    for what, record in illegal.items():
        page.write_record(record)
        # Longer than several looks; that nothing happens is not to be awaited.
        time.sleep(0.2)
        check_same(vm)
        t.say(f"refused: {what}")
    page.write_record(good)
    said = [line for line in vm.console_text().splitlines()
            if "of the host refused" in line]
    e2e.require(bool(said), "the kernel's log says nothing of it")
    t.say(said[-1])


def check_guest_nonsense(t, vm, shim, page, rng) -> None:
    for _ in range(100):
        page.scribble(rng, PAGE + SLOT_AT, 2 * PAGE)
        time.sleep(0.005)
    shown = shim.show(vm.name)
    t.say(f"isahpd has seen 100 random guest pages: {shown['stats']}")
    e2e.require(shim.process.poll() is None, "isahpd has ended")


def check_future(t, vm, shim, page) -> None:
    vm.agent.sh("rmmod isahp")
    # It would write its own version back.
    with shim.paused():
        now = page.map[VERSION_AT:VERSION_AT + 4]
        page.map[VERSION_AT:VERSION_AT + 4] = struct.pack("<HH", 99, 99)
        vm.agent.sh("insmod /lib/modules/isahp.ko")
        e2e.require_equal(vm.isahp("phase"), "detached", "phase")
        said = [line for line in vm.console_text().splitlines()
                if "speaks protocol 99" in line]
        e2e.require(bool(said), "the kernel's log does not name the version")
        t.say(said[-1])
        vm.agent.sh("rmmod isahp")
        page.map[VERSION_AT:VERSION_AT + 4] = now
    vm.agent.sh("insmod /lib/modules/isahp.ko")
    shim.await_vm(vm.name)
    e2e.require_equal(vm.isahp("phase"), "steady", "phase")


def check_legal_record_is_taken(vm, page) -> None:
    """The control: what is refused above is not refused for how it is put
    there."""
    record = list(page.record())
    record[0], record[3] = ANNOUNCE, record[3] + 1
    page.write_record(tuple(record))
    vm.wait_isahp("sequence", str(record[3]))


e2e.main(test)
