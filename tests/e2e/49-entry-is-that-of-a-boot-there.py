#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""After each change of vendor the 32-bit vDSO is, byte for byte, that of a guest
that was booted on a CPU of that vendor and has never seen isahp; and between
PREPARE and COMMIT it differs from it in four bytes."""

from lab import cpus, e2e, entry32
from lab.host import Host
from lab.vm import Vm


def boot(vm: Vm, host: Host) -> str:
    """Boot, and the image before the module is loaded."""
    vm.boot(host)
    own = entry32.image(vm)
    vm.agent.run(["insmod", "/lib/modules/isahp.ko"])
    host.shim.await_vm(vm.name)
    e2e.require_equal(entry32.image(vm), own, "the image with the module loaded")
    return own


def differing(one: str, other: str) -> list[int]:
    """Offsets of bytes that differ."""
    e2e.require_equal(len(one), len(other), "sizes of the images")
    return [i // 2 for i in range(0, len(one), 2) if one[i:i + 2] != other[i:i + 2]]


def prepared(vm: Vm, host: Host, next_vendor: str) -> str:
    host.shim.ctl("prepare", vm.name, "--vendor-next", next_vendor)
    image = entry32.image(vm)
    host.shim.ctl("abort", vm.name)
    host.shim.await_vm(vm.name)
    return image


def life(t: e2e.Test, name: str, at: Host, there: Host, next_vendor: str
         ) -> tuple[str, str]:
    """A guest's image at its boot, and after a change of vendor."""
    with t.vm(name, cmdline="noisahp=1") as vm:
        own = boot(vm, at)
        offsets = differing(own, prepared(vm, at, next_vendor))
        e2e.require(0 < len(offsets) <= 4 and offsets[-1] - offsets[0] < 4,
                    f"{name}: prepared, these bytes differ: {offsets}")
        e2e.require_equal(entry32.image(vm), own, f"{name}: after the ABORT")
        vm.move(there)
        other = entry32.image(vm)
        vm.move(at)
        e2e.require_equal(entry32.image(vm), own, f"{name}: back at home")
        t.say(f"{name}: {len(own) // 2} bytes, home again the same")
        return own, other


def test(t: e2e.Test) -> None:
    entry32.need(t)
    intel, amd = t.host("intel", cpus.RICH), t.host("amd", cpus.AMD_TO_RICH)
    of_intel, intel_on_amd = life(t, "intel-first", intel, amd, "amd")
    of_amd, amd_on_intel = life(t, "amd-first", amd, intel, "intel")
    e2e.require(entry32.FORMS["sysenter"] in of_intel, "no SYSENTER on Intel")
    e2e.require(entry32.FORMS["syscall"] in of_amd, "no SYSCALL on AMD")
    e2e.require_equal(differing(intel_on_amd, of_amd), [],
                      "bytes on AMD that differ from those of a boot there")
    e2e.require_equal(differing(amd_on_intel, of_intel), [],
                      "bytes on Intel that differ from those of a boot there")
    offsets = differing(of_intel, of_amd)
    e2e.require(bool(offsets), "two boots that do not differ show nothing")
    t.say(f"the boots differ at {offsets}")


e2e.main(test)
