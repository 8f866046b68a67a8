#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A guest under a host that writes anything: records that are right but for a
few bytes and yet carry the right checksum, wrong sizes, wrong checksums, odd
counts, replies that make no sense, a spoilt header. After each the guest's state
obeys the rules that no record may break, what programs see is consistent, and
the next right record works. Prints its seed; ISAHP_SEED repeats a run,
ISAHP_FUZZ_RECORDS makes it longer."""

import dataclasses
import os
import random
import struct
import time

from lab import cpus, e2e, standin
from lab.standin import (ABORT, ANNOUNCE, COMMIT, PREPARE, RECORD, RECORD_SLOT,
                         REPLY, REPLY_SLOT)

SEED = int(os.environ.get("ISAHP_SEED",
                          random.SystemRandom().randrange(1 << 32)))
RECORDS = int(os.environ.get("ISAHP_FUZZ_RECORDS", "800"))
REPLIES = RECORDS // 10
AVX2, BMI2, MOVBE = 32, 34, 7
ENDLESS = 1 << 63


def test(t: e2e.Test) -> None:
    t.say(f"seed {SEED}")
    rng = random.Random(SEED)
    host = t.stand_in("rich", cpus.RICH)
    with t.vm() as vm:
        vm.boot(host)
        visible = host.await_registered().visible
        host.await_answer(host.say(ANNOUNCE, visible))
        probe = vm.agent.start(["isahp_probe", "register", "avx2,bmi2,movbe"])
        probe.wait_line(lambda line: line.startswith("ready"))
        stress = vm.agent.start(["isahp_stress", "--seconds", "600",
                                 "--processes", "2", "--seed", str(SEED & 0xffff)])
        for done in range(0, RECORDS, 100):
            for _ in range(100):
                write_mutant(rng, host, visible)
                # Or the guest would see one in a hundred.
                time.sleep(0.003)
            recover(host, visible)
        t.say(f"{RECORDS} records; {len(host.answers)} answers, "
              f"{len(host.reports)} reports of bad ones")
        e2e.require(bool(host.reports), "the guest has refused none")
        check_consistent(vm, visible)
        check_replies(t, rng, host, visible)
        check_headers(t, rng, vm, host, visible)
        e2e.require(stress.end is None, "isahp_stress has ended")
        stress.signal(9, group=True)
        stress.wait()
        wrong = [line for line in vm.console_text().splitlines()
                 if "record" in line and "refused" in line]
        t.say(wrong[-1] if wrong else "nothing in the log")
        probe.signal(15)
        vm.agent.sh("until rmmod isahp 2> /dev/null; do sleep 0.1; done")


def write_mutant(rng, host, visible) -> None:
    kind = rng.choice((ANNOUNCE, PREPARE, PREPARE, COMMIT, ABORT))
    leaving = standin.NO_FEATURES
    if kind == PREPARE:
        leaving = standin.features(*rng.sample((AVX2, BMI2, MOVBE), 2))
    record = host.record(kind, visible, leaving, rng.choice((0, 50, 100000)))
    if rng.randrange(8) == 0:
        record = dataclasses.replace(record, sequence=rng.choice(
            (0, 1, host.sequence - 2, ENDLESS - 1)))
        # So high a number would make all that follow stale: never whole.
        payload = bytearray(record.pack())
        payload[0] = 77 if record.sequence == ENDLESS - 1 else payload[0]
    else:
        payload = bytearray(record.pack())
    for _ in range(rng.choice((0, 1, 1, 2, 8))):
        # Not the sequence's upper bytes, for the same reason, nor the epoch:
        # a guest that follows a new one is right to do so.
        at = rng.choice([i for i in range(len(payload)) if not 8 <= i < 32])
        payload[at] = rng.choice((0, 0xff, payload[at] ^ 1 << rng.randrange(8)))
    how = rng.randrange(10)
    if how == 0:
        host.page.write_slot(RECORD_SLOT, RECORD, bytes(payload),
                             size=rng.choice((0, 1, 111, 113, 944, 945, 4096,
                                              0x7fffffff, 0xffffffff)))
    elif how == 1:
        host.page.write_slot(RECORD_SLOT, RECORD, bytes(payload),
                             crc=rng.randrange(1 << 32))
    elif how == 2:
        host.page.write_slot(RECORD_SLOT, RECORD,
                             bytes(payload) + rng.randbytes(rng.randrange(832)))
    else:
        host.page.write_slot(RECORD_SLOT, RECORD, bytes(payload))
    if how == 3:
        struct.pack_into("<I", host.page.map, RECORD_SLOT, 2 * rng.randrange(
            1 << 31) + 1)
    host.ring()


def recover(host, visible) -> None:
    """What follows is believed again, at once: nothing sticks. A mutant may
    have had a higher number by right; a new epoch stands above all of them."""
    host.epoch = os.urandom(16)
    host.sequence = 0
    said = host.say(ANNOUNCE, visible)
    host.await_answer(said, standin.ACK)


def check_consistent(vm, visible) -> None:
    state = vm.agent.run(["isahp_probe", "state"]).out
    e2e.require("phase=steady" in state and "leaving= " in state, state)
    usable = state.split("usable=")[1].strip().split(",")
    e2e.require({"avx2", "bmi2", "movbe"} <= set(usable), state)


def check_replies(t, rng, host, visible) -> None:
    """Answers to what the guest asks that are no answers: it asks again, or
    lives with the error."""
    def garble(payload: bytes) -> bytes:
        spoilt = bytearray(payload)
        for _ in range(rng.randrange(1, 4)):
            spoilt[rng.randrange(min(24, len(spoilt)))] = rng.randrange(256)
        return bytes(spoilt[:rng.choice((len(spoilt), 3, 15))])

    host.garble = garble
    for _ in range(REPLIES):
        host.say(ANNOUNCE, visible)
        calls = len(host.calls)
        if not rng.randrange(10):
            host.wait(lambda: len(host.calls) > calls, "a call")
    for status in (1, 4096, -4096, -(1 << 31), (1 << 31) - 1, -1, -22):
        host.garble = lambda payload, s=status: (
            payload[:8] + struct.pack("<i", s) + payload[12:])
        calls = len(host.calls)
        host.say(ANNOUNCE, visible)
        host.wait(lambda: len(host.calls) > calls, "a call")
    host.garble = lambda payload: payload
    recover(host, visible)
    t.say(f"{REPLIES} spoilt replies: {len(host.calls)} calls so far")


def check_headers(t, rng, vm, host, visible) -> None:
    """A page that loses its header is no host, until it is one again."""
    for _ in range(20):
        whole = host.page.map[:64]
        host.page.map[:64] = rng.randbytes(64)
        host.ring()
        e2e.require_equal(vm.isahp("phase"), "steady", "phase")
        host.page.map[:64] = whole
        recover(host, visible)
    check_consistent(vm, visible)
    whole = host.page.map[REPLY_SLOT:REPLY + 976]
    host.page.map[REPLY_SLOT:REPLY + 976] = rng.randbytes(len(whole))
    host.await_answer(host.say(ANNOUNCE, visible))


e2e.main(test)
