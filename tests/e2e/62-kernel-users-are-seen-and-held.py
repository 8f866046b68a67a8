#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ciphers and libraries of the kernel that execute AVX2. While one is in use,
AVX2 is pinned, and the refusal says so; when it is not any more, the guest moves.
Where AVX2 is away nobody can take such code up: a hash is computed by another
driver, a module that would call the library is refused, a library that is loaded
there does without. All is as before on the way back. With hold=0, the control,
the kernel dies of the first hash. Where hashes are built into the kernel, and
chosen once, they pin from boot on."""

import hashlib

from lab import cpus, e2e
from lab.errors import GuestSplat, LabError
from lab.shim import CtlError

DIGEST = hashlib.sha512(b"abc").hexdigest()
HASHES = ("sha512_generic", "sha512-ssse3", "af_alg", "algif_hash")
LIBRARY = ("xor", "raid6_pq", "async_tx", "async_xor")


def test(t: e2e.Test) -> None:
    rich, poor = t.host("rich", cpus.RICH), t.host("poor", cpus.POOR)
    if t.kernel().built_on:
        built_in(t, rich, poor)
        return
    with t.vm() as vm:
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        load(t, vm, *HASHES)
        in_use(t, vm, rich, poor)
        vm.move(poor)
        away(t, vm)
        vm.move(rich)
        back(t, vm)
        linked(t, vm, rich, poor)
    control(t)


def built_in(t, rich, poor) -> None:
    with t.vm(whole=True) as vm:
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        for name in ("avx2", "bmi2", "aes"):
            e2e.require(name in vm.isahp("pinned").split(), f"{name} is not pinned")
        refused(t, vm, poor, "avx2 (pinned", "bmi2 (pinned")
    with t.vm("without") as vm:
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        vm.move(poor)
        t.say("told to do without them, the kernel moves")


def load(t, vm, *modules) -> None:
    """Those that this kernel has as modules; the rest is built in."""
    there = {path.stem for path in t.kernel().modules}
    for name in modules:
        if name in there:
            vm.agent.run(["insmod", f"/lib/modules/{name}.ko"])


def digest(vm) -> None:
    e2e.require_equal(vm.agent.run(["alg_user", "sha512"]).out.strip(), DIGEST,
                      "SHA-512")


def driver_held(vm, name: str) -> bool:
    """Somebody has a reference to it, by /proc/crypto."""
    for entry in vm.agent.read("/proc/crypto").split("\n\n"):
        fields = dict(line.split(":", 1) for line in entry.splitlines()
                      if ":" in line)
        fields = {k.strip(): v.strip() for k, v in fields.items()}
        if fields.get("driver") == name:
            return int(fields["refcnt"]) > 1
    raise AssertionError(f"no {name} in /proc/crypto")


def refused(t, vm, target, *words) -> None:
    try:
        vm.move(target)
    except CtlError as error:
        t.say(f"refused: {error}")
        for word in words:
            e2e.require(word in str(error), f"{word!r} is not in: {error}")
        return
    raise AssertionError("moved")


def wait_pinned(vm, host, name: str, wanted: bool) -> None:
    """Until the host has heard of it."""
    vm.agent.wait(lambda: (name in host.shim.show(vm.name)["guest"]["pinned"])
                  == wanted, 30, f"the host's view of {name}")


def in_use(t, vm, rich, poor) -> None:
    e2e.require("avx2" not in vm.isahp("pinned").split(), "pinned by nobody")
    job = vm.agent.start(["alg_user", "sha512", "--hold"])
    e2e.require_equal(job.wait_line(lambda _: True), DIGEST, "SHA-512")
    e2e.require("sha512-avx2" in vm.isahp("users").split(), "not seen")
    e2e.require(driver_held(vm, "sha512-avx2"), "not in use after all")
    wait_pinned(vm, rich, "avx2", True)
    refused(t, vm, poor, "avx2 (pinned", "bmi2 (pinned")
    job.signal(9)
    job.wait()
    wait_pinned(vm, rich, "avx2", False)
    t.say("its user has gone, and nothing is pinned by it")


def away(t, vm) -> None:
    digest(vm)
    load(t, vm, *LIBRARY)
    digest(vm)
    t.say(f"on poor: right digest; users: {vm.isahp('users')}")
    # A module of this kernel finds the CPU without AVX2, and chooses so.
    chosen = [line for line in vm.console_text().splitlines()
              if "raid6: using algorithm" in line]
    e2e.require(bool(chosen) and "avx2" not in chosen[-1],
                f"chosen on poor: {chosen}")
    load(t, vm, "async_pq")
    vm.agent.run(["rmmod", "async_pq", *reversed(LIBRARY)])


def back(t, vm) -> None:
    digest(vm)
    job = vm.agent.start(["alg_user", "sha512", "--hold"])
    job.wait_line(lambda _: True)
    e2e.require("sha512-avx2" in vm.isahp("users").split(),
                "the best driver is still hidden")
    job.signal(9)
    job.wait()


def linked(t, vm, rich, poor) -> None:
    """A library that was made with AVX2, and is called by whom it was not."""
    load(t, vm, *LIBRARY)
    chosen = [line for line in vm.console_text().splitlines()
              if "raid6: using" in line]
    t.say(f"on rich: {chosen[-2:]}")
    e2e.require("raid6_pq" not in vm.isahp("users").split(), "nobody calls it")
    vm.move(poor)
    result = vm.agent.run(["insmod", "/lib/modules/async_pq.ko"], check=False)
    e2e.require(result.code != 0, "a caller of AVX2 code was let in")
    e2e.require("module async_pq refused: it calls raid6_pq"
                in vm.console_text(), "the log does not say why")
    vm.move(rich)
    load(t, vm, "async_pq")
    e2e.require("raid6_pq" in vm.isahp("users").split(), "not seen")
    wait_pinned(vm, rich, "avx2", True)
    refused(t, vm, poor, "avx2 (pinned")
    vm.agent.run(["rmmod", "async_pq"])
    wait_pinned(vm, rich, "avx2", False)
    vm.move(poor)
    t.say("its caller was unloaded, and the guest moves")


def control(t) -> None:
    rich = t.host("rich-control", cpus.RICH)
    poor = t.host("poor-control", cpus.POOR)
    with t.vm("control") as vm:
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        vm.agent.run(["rmmod", "isahp"])
        vm.agent.run(["insmod", "/lib/modules/isahp.ko", "hold=0"])
        rich.shim.await_vm(vm.name)
        load(t, vm, *HASHES)
        vm.move(poor)
        try:
            vm.agent.run(["alg_user", "sha512"], timeout_s=20)
        except (GuestSplat, LabError) as death:
            t.say(f"control, hold=0: {death}")
            vm.bury()
            return
        raise AssertionError("nothing needs to be held")


e2e.main(test)
