#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Versions of the protocol: a host that speaks more than the guest, and says
more in each structure, is followed in what the guest knows; one that speaks less
but shares a version too, though it answers with less; one that shares none is
left alone, and named, until it is replaced. The guest stands in for an older one
against a newer host, and for a newer one against an older host."""

from lab import cpus, e2e, standin
from lab.standin import ABORT, ANNOUNCE, COMMIT, PREPARE

AVX2 = 32
REGISTER_ARGS, RESULT = 424, 24

# What the host speaks, how much it says beyond what the guest knows, or how
# little; whether they get along.
NEWER = {"versions": (1, 3), "record_extra": b"\xee" * 64,
         "result_extra": b"\xdd" * 40}
MUCH_NEWER = {"versions": (2, 9), "record_extra": b"\xee" * 64}
HUGE = {"versions": (1, 65535), "record_extra": b"\xff" * 832,
        "result_extra": b"\xff" * (960 - RESULT)}
OLDER = {"versions": (0, 1)}
MUCH_OLDER = {"versions": (0, 0)}


def test(t: e2e.Test) -> None:
    for name, options in (("newer", NEWER), ("huge", HUGE), ("older", OLDER)):
        host = t.stand_in(name, cpus.RICH, **options)
        with t.vm(name) as vm:
            vm.boot(host)
            check_change(t, vm, host)
            if name == "newer":
                check_moves(t, vm, host)
            if name == "older":
                check_asked_less(t, vm, host)
    for name, options, fix in (
            ("much-newer", MUCH_NEWER, "a newer isahp module in this guest"),
            ("much-older", MUCH_OLDER, "a newer isahpd on the host")):
        check_stranger(t, t.stand_in(name, cpus.RICH, **options), name, fix)


def check_change(t, vm, host) -> None:
    guest = host.await_registered()
    t.say(f"{host.name}: {guest.version_min} to {guest.version}, "
          f"{guest.args_size} bytes of arguments")
    e2e.require_equal((guest.version, guest.args_size), (1, REGISTER_ARGS),
                      "what the guest speaks, and how much of it")
    present, avx2 = guest.visible, standin.features(AVX2)
    host.await_answer(host.say(ANNOUNCE, present), standin.ACK)
    e2e.require("avx2" in vm.isahp("usable").split(), "avx2 is not usable")
    host.await_answer(host.say(PREPARE, present, avx2, 20000), standin.ACK)
    host.await_answer(host.say(COMMIT, standin.without(present, avx2)),
                      standin.ACK)
    e2e.require("avx2" not in vm.isahp("usable").split(), "avx2 is usable")
    host.await_answer(host.say(ANNOUNCE, present), standin.ACK)
    check_unknown(vm, host, present)
    e2e.require(not host.reports, f"the guest complains: {host.reports}")


def check_unknown(vm, host, present) -> None:
    """Features that have no name yet: taken over as they are, harmless."""
    more = bytes(a | b for a, b in zip(present, bytes(31) + b"\xf0"))
    host.await_answer(host.say(ANNOUNCE, more), standin.ACK)
    e2e.require("avx2" in vm.isahp("usable").split(), "avx2 is not usable")
    host.await_answer(host.say(ANNOUNCE, present), standin.ACK)


def check_moves(t, vm, host) -> None:
    """From a newer host to an older one and on to one that shares no version:
    there the guest stays on what it has."""
    older = t.stand_in("older-target", cpus.RICH, **OLDER)
    vm.plain_move(older)
    # The page came with the memory; the destination writes its own.
    older.write_page()
    present = host.guest.visible
    older.await_answer(older.say(COMMIT, present), standin.ACK)
    older.await_registered()
    stranger = t.stand_in("strange-target", cpus.RICH, **MUCH_NEWER)
    vm.plain_move(stranger)
    stranger.write_page()
    said = stranger.say(COMMIT, standin.without(present, standin.features(AVX2)))
    vm.agent.sh("until dmesg | grep -q 'speaks protocol 2 to 9'; "
                "do sleep 0.1; done")
    e2e.require(not stranger.find(said), "a stranger's record was answered")
    e2e.require("avx2" in vm.isahp("usable").split(),
                "a stranger's record was believed")
    vm.plain_move(older)
    older.write_page()
    older.epoch = b"another attachment"[:16]
    older.sequence = 0
    older.await_answer(older.say(COMMIT, present), standin.ACK)
    t.say("moved between versions")


def check_asked_less(t, vm, host) -> None:
    """A host that has never heard of a call says ENOSYS, one whose reply is
    shorter leaves the rest zero: neither stops the guest."""
    present = host.guest.visible
    host.judge = lambda number, args: (
        -standin.ENOSYS if number == standin.REPORT else None)
    bad = host.record(77, present)
    host.write(bad)
    host.ring()
    host.wait(lambda: standin.REPORT in host.calls, "a report")
    host.judge = lambda number, args: None
    host.await_answer(host.say(ANNOUNCE, present), standin.ACK)
    # A reply to an acknowledgement has no result; one of rubbish is no error.
    host.garble = lambda payload: payload[:16]
    host.await_answer(host.say(ANNOUNCE, present), standin.ACK)
    t.say("asked for less")


def check_stranger(t, host, name, fix) -> None:
    with t.vm(name) as vm:
        vm.boot(host)
        said = host.say(ANNOUNCE, standin.features(AVX2))
        vm.agent.sh("until dmesg | grep -q 'speaks protocol'; do sleep 0.1; done")
        line = [s for s in vm.console_text().splitlines()
                if "speaks protocol" in s][0]
        t.say(line)
        e2e.require(fix in line, f"{fix!r} is not in: {line}")
        look_twice(vm, host)
        e2e.require(not host.find(said), "the guest speaks with a stranger")
        e2e.require_equal((vm.isahp("phase"), host.calls), ("detached", []),
                          "phase and calls")
        host.versions = (1, 1)
        host.write_page()
        host.ring()
        present = host.await_registered().visible
        host.await_answer(host.say(ANNOUNCE, present), standin.ACK)
        e2e.require_equal(vm.isahp("phase"), "steady", "phase")
        host.await_answer(host.say(ABORT, present))


def look_twice(vm, host) -> None:
    """The guest's thread looks and goes to sleep again, two times from now on:
    the first may have begun before."""
    before = naps(vm)
    while naps(vm) < before + 2:
        host.ring()


def naps(vm) -> int:
    return int(vm.agent.sh("grep ^voluntary /proc/$(pidof isahp)/status").split()[1])


e2e.main(test)
