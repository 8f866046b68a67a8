# SPDX-License-Identifier: MIT
"""The 32-bit system call entry of a guest, and the programs that try it
(tests/e2e/guest/entry32*.c)."""

import re
import signal
from typing import Callable

from .agent import Job
from .e2e import Test, require, require_equal
from .vm import Vm

POLICY = "/sys/module/isahp/parameters/entry"
PROGRAMS = ("vsys32", "entry32", "entry32_flight", "entry32_stress",
            "entry32_crowd")
# With page tables isolated, as on an Intel boot, nearly all the time of a system
# call goes into TCG's flushes of its TLB. That is not what is tested.
FAST = "mitigations=off"

# What the four bytes at the site are, by form.
FORMS = {"sysenter": "89e50f34", "syscall": "89cd0f05", "int80": "eb020f0b"}


def need(t: Test) -> None:
    for program in PROGRAMS:
        t.need_program(program, "install gcc-multilib")


def fields(line: str) -> dict[str, str]:
    """name=value of a line."""
    return dict(re.findall(r"(\w+)=(\S+)", line))


def policy(vm: Vm, word: str) -> None:
    """In force upon return."""
    vm.agent.sh(f"echo {word} > {POLICY}")


def form(vm: Vm) -> str:
    """What a process sees, which is what the module says."""
    seen = vm.agent.run(["entry32", "form"]).out.strip()
    require_equal(vm.isahp("entry"), seen, "sysfs")
    return seen


def image(vm: Vm) -> str:
    """The vDSO as a process has it, in hexadecimal."""
    return "".join(vm.agent.run(["entry32", "image"]).out.split())


def where(vm: Vm) -> int:
    """Physical address of the site."""
    return int(vm.agent.run(["entry32", "where"]).out, 16)


def rate(vm: Vm) -> str:
    """ns of a getpid, as the guest's clock has it: no more than that."""
    return vm.agent.run(["entry32", "rate"], timeout_s=120).out.strip()


def figure(vm: Vm, name: str) -> int:
    return int(vm.isahp(f"figures/{name}"))


def goes_on(job: Job, entry: str = "") -> dict[str, str]:
    """vsys32 makes calls from now on, through this entry if one is given, and
    has made no wrong one. Returns what it says of them."""
    def through(line: str) -> bool:
        said = fields(line)
        return "calls" in said and entry in ("", said["entry"])

    # What was on its way has come by now, but for a line in the program's pipe.
    job.agent.run(["true"])
    said = []
    for _ in range(3):
        line = job.wait_line(through, since=len(job.lines()))
        said.append(fields(line))
        require_equal(said[-1]["wrong"], "0", f"wrong calls of {job.argv}")
    require(int(said[2]["calls"]) > int(said[1]["calls"]),
            f"{job.argv} stands still")
    return said[2]


def calls(job: Job) -> int:
    """How many vsys32 has made by now, none of them wrong."""
    return int(goes_on(job)["calls"])


class Calls:
    """A program whose threads make calls, each checked, until it is ended."""

    def __init__(self, t: Test, vm: Vm):
        self._t = t
        self._job = vm.agent.start(["vsys32", "--threads", "2"])

    def wait(self, entry: str) -> None:
        """Calls were made through this entry after now, and no wrong one."""
        said = goes_on(self._job, entry)
        self._t.say(f"{said['calls']} calls by {entry}, 0 wrong")

    def end(self) -> None:
        self._job.signal(signal.SIGTERM)
        self._job.wait()


# A case each of what has to be among those of a flight, by form before.
MIDDLE = ("runs-on", "read-back", "steps-on", "untraced", "handler", "handler-old",
          "handler-untraced", "ucontext", "ucontext-untraced", "siglongjmp",
          "fork-in-handler", "private", "private-read-back", "private-steps-on",
          "breakpoint")
ELSEWHERE = ("syscall-entry", "syscall-exit", "asleep-read", "asleep-poll",
             "asleep-futex", "asleep-nanosleep", "stopped-read", "stopped-poll",
             "stopped-futex", "stopped-nanosleep", "sa-restart", "eintr",
             "eintr-poll", "fork", "vfork", "clone-stack", "runs-on@site+0",
             "private@site+0", "breakpoint@site+0")


def cases(before: str) -> set[str]:
    middle = {f"{name}@site+2" for name in MIDDLE}
    return set(ELSEWHERE) | (middle if before != "int80" else set())


def fly(vm: Vm, change: Callable[[], object], *options: str
        ) -> tuple[str, dict[str, str]]:
    """Threads in flight while `change` changes the entry. Returns the forms, as
    BEFORE->AFTER, and what came of each case: "ok", or what was wrong."""
    job = vm.agent.start(["entry32_flight", *options])
    ready = fields(job.wait_line(lambda line: line.startswith("ready")))
    change()
    job.signal(signal.SIGUSR1)
    end = job.wait(120)
    found: dict[str, str] = {}
    forms = ""
    for line in job.lines():
        said = fields(line)
        if line.startswith("case="):
            forms = said.get("form", "")
            found[said["case"]] = line.partition("result=")[2]
    require_equal(len(found), int(ready["cases"]),
                  f"cases told of ({end}; {job.lines()[-1]}; {job.err})")
    require_equal(cases(ready["form"]) - found.keys(), set(), "cases missing")
    wrong = [name for name, result in found.items() if result != "ok"]
    require_equal(end.code, 1 if wrong else 0, "exit code")
    return forms, found


def crowd(vm: Vm, how: str, number: int, change: Callable[[], object]
          ) -> dict[str, str]:
    """So many processes at the second instruction of the entry, `left` there or
    `written` back there by a debugger, while `change` changes it. Returns what
    the program says in the end."""
    job = vm.agent.start(["entry32_crowd", how, str(number)])
    job.wait_line(lambda line: line.startswith("ready"))
    change()
    job.signal(signal.SIGUSR1)
    end = job.wait(120)
    require(end.code == 0, f"{number} {how}: {end}: {job.lines()[-3:]}; {job.err}")
    return fields(job.lines()[-1])


def stacks(vm: Vm) -> list[str]:
    """Calls from the middle with a stack that is there, has to be fetched, or may
    not be read; a line each."""
    return vm.agent.run(["entry32", "stack"]).out.splitlines()


def wrong_ones(found: dict[str, str]) -> dict[str, str]:
    return {name: result for name, result in found.items() if result != "ok"}
