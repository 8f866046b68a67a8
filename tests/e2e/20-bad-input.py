#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bad input gets one line that names the thing and the fix, and an exit code;
the daemon, the guest and what runs in it go on as if nothing had been."""

import json
import socket

from lab import cpus, e2e
from lab.mathdemo import MathDemo
from lab.shim import CtlError

USAGE, POLICY, NO_VM = 2, 3, 6

# Arguments, exit code, what the one line must say.
REFUSED = (
    (("vm", "show", "nobody"), NO_VM, ("nobody", "vm")),
    (("announce", "nobody", "--remove", "avx2"), NO_VM, ("nobody",)),
    (("announce", "vm", "--remove", "avx22"), USAGE, ("avx22", "avx2")),
    (("announce", "vm", "--remove", "bmi1"), POLICY,
     ("bmi1", "silent", "do not trap")),
    (("announce", "vm", "--remove", "abm"), POLICY, ("abm", "silent")),
    (("announce", "vm", "--remove", "avx"), POLICY,
     ("avx", "owns XSAVE state that the guest has enabled")),
    (("announce", "vm", "--remove", "cx16"), POLICY,
     ("cx16", "the guest's kernel is built on it")),
    (("announce", "vm", "--remove", ""), USAGE, ("empty", "none")),
    (("announce", "vm", "--add", "avx512f"), POLICY, ("avx512f",)),
    (("announce", "vm"), USAGE, ("add", "remove")),
    (("announce", "vm", "--remove", "avx2", "--deadline", "soon"), USAGE,
     ("deadline", "soon")),
    (("commit", "vm"), None, ("vm",)),
    (("abort", "vm"), None, ("vm",)),
    (("migrate", "vm"), USAGE, ("--to",)),
)

# Lines on the control socket that are no requests.
MALFORMED = (
    b"",
    b"nonsense",
    b"[]",
    b"{}",
    b'{"command": 7}',
    b'{"command": "announce"}',
    b'{"command": "no-such", "arguments": {}}',
    b'{"command": "announce", "arguments": {"vm": 7, "remove": {}}}',
    b'{"command": "announce", "arguments": {"vm": "vm", "remove": [1, 2]}}',
    b'{"command": "announce", "arguments": {"vm": "vm", "remove": "avx2", '
    b'"deadline_ms": -1}}',
    b'{"command": "vm-show", "arguments": {"vm": "\\ud800"}}',
    b"\xff\xfe\x00",
    b"[" * 50000,
    b'{"command": "' + b"x" * 200000 + b'"}',
)


def test(t: e2e.Test) -> None:
    rich = t.host("rich", cpus.RICH)
    with t.vm() as vm:
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        demo = MathDemo(vm.agent)
        demo.wait_variant("avx2")
        before = rich.shim.show(vm.name)["record"]
        for args, code, words in REFUSED:
            check_refusal(t, rich.shim, args, code, words)
        for line in MALFORMED:
            check_malformed(t, rich.shim, line)
        e2e.require_equal(rich.shim.show(vm.name)["record"], before,
                          "the record in force")
        demo.wait_variant("avx2")
        e2e.require_equal(demo.end()["swaps"], 0, "swaps")
        check_unreachable(t, rich.shim)


def check_refusal(t, shim, args, code, words) -> None:
    try:
        shim.ctl(*args)
    except CtlError as error:
        t.say(f"isahpctl {' '.join(args)}: {error}")
        if code is not None:
            e2e.require_equal(error.exit, code, f"exit code of {args}")
        e2e.require("\n" not in str(error), f"more than one line: {error}")
        for word in words:
            e2e.require(word in str(error), f"{word!r} is not in: {error}")
        return
    raise AssertionError(f"isahpctl {' '.join(args)} succeeded")


def check_malformed(t, shim, line: bytes) -> None:
    """An answer that says what is wrong, or an end of the connection; and the
    daemon answers the next one."""
    answer = b""
    with socket.socket(socket.AF_UNIX) as control:
        control.settimeout(30)
        control.connect(str(shim.control))
        try:
            control.sendall(line + b"\n")
            control.shutdown(socket.SHUT_WR)
            while chunk := control.recv(65536):
                answer += chunk
        except (BrokenPipeError, ConnectionResetError):
            pass
    for reply in answer.splitlines():
        e2e.require("error" in json.loads(reply),
                    f"{line[:80]!r} was answered with {reply[:200]!r}")
    t.say(f"{line[:60]!r}: {answer[:120].decode(errors='replace')}")
    e2e.require_equal(shim.ctl("vm", "list")["vms"][0]["name"], "vm",
                      "the VM that the daemon knows")


def check_unreachable(t, shim) -> None:
    shim.kill()
    check_refusal(t, shim, ("vm", "list"), 5, ("control.sock", "isahpd"))


e2e.main(test)
