#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What becomes of an instruction that has gone is decided by the process, or
else the nearest cgroup, or else the guest, and can be changed at any time; the
signal is then the one of a guest without isahp, as it is for a feature that this
guest never had. A registrant's next event says that its process executed one,
and the host hears only of those that had not asked to be told."""

from lab import cpus, e2e
from lab.errors import LabError

SYSFS = "/sys/class/misc/isahp/undefined"
PARAMETER = "/sys/module/isahp/parameters/undefined"
CGROUP = "/sys/fs/cgroup"
SIGILL = 128 + 4
MOVBE = 1 << 7	# include/isahp/features.h
AVX2_ONLY = 1
EMULATE, WARN, SIGNAL = 1, 2, 3
FOREIGN_LINE = "signal 4 code 2 addr 0 trap 6 error 0 ip 0"


def test(t: e2e.Test) -> None:
    rich, poor = t.host("rich", cpus.RICH), t.host("poor", cpus.POOR)
    with t.vm() as vm:
        vm.allow.append(r"traps: undefined\[\d+\] trap invalid opcode")
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        vm.move(poor)
        # First of all: later on isahpd leaves out lines that are too many.
        check_told(t, vm, poor)
        check_guest(t, vm)
        check_process(t, vm)
        check_cgroup(t, vm)
        check_bad_input(t, vm)
        check_never_had(t, vm)
    with t.vm("plain", cmdline="noisahp=1") as vm:
        vm.allow.append(r"traps: undefined\[\d+\] trap invalid opcode")
        vm.boot(t.plain_host("rich2", cpus.RICH))
        vm.plain_move(t.plain_host("poor2", cpus.POOR))
        e2e.require_equal(run(vm, "one"), SIGILL, "without the module")
        t.say("the control: without the module it dies")


def run(vm, *args: str) -> int:
    return vm.agent.run(["undefined", *args], check=False).code


def figure(vm, name: str) -> int:
    return int(vm.isahp(f"figures/undefined_{name}"))


def check_guest(t, vm) -> None:
    e2e.require_equal(run(vm, "one"), 0, "by default")
    before = figure(vm, "signalled")
    vm.agent.sh(f"echo signal > {PARAMETER}")
    e2e.require_equal(run(vm, "one"), SIGILL, "policy signal")
    e2e.require(figure(vm, "signalled") > before, "not counted")
    vm.agent.sh(f"echo warn > {PARAMETER}")
    e2e.require_equal(run(vm, "one"), 0, "policy warn")
    e2e.require("executes movbe, which has gone" in vm.console_text(),
                "policy warn does not warn")
    vm.agent.sh(f"echo emulate > {PARAMETER}")
    t.say("the guest's")


def check_process(t, vm) -> None:
    e2e.require_equal(run(vm, "policy", str(SIGNAL)), SIGILL, "own: signal")
    vm.agent.sh(f"echo signal > {PARAMETER}")
    e2e.require_equal(run(vm, "policy", str(EMULATE)), 0, "own: emulate")
    vm.agent.sh(f"echo emulate > {PARAMETER}")
    # From outside, while it runs.
    job = vm.agent.start(["undefined", "run"])
    job.wait_line(lambda line: line.endswith("wrong=0"))
    vm.agent.sh(f"echo {job.pid} signal > {SYSFS}/processes")
    end = job.wait()
    e2e.require_equal(end.signal, 4, "from outside: signal")
    t.say("a process's")


def check_cgroup(t, vm) -> None:
    vm.agent.sh(f"mkdir -p {CGROUP}; mount -t cgroup2 none {CGROUP}; "
                f"mkdir -p {CGROUP}/a/b {CGROUP}/c")
    vm.agent.sh(f"echo /a signal > {SYSFS}/cgroups")
    within = "echo $$ > %s/%s/cgroup.procs; exec undefined one"

    def one(group: str) -> int:
        return vm.agent.run(["sh", "-c", within % (CGROUP, group)],
                            check=False).code

    e2e.require_equal((one("a"), one("a/b"), one("c")), (SIGILL, SIGILL, 0),
                      "signal in /a")
    vm.agent.sh(f"echo /a/b emulate > {SYSFS}/cgroups")
    e2e.require_equal((one("a"), one("a/b")), (SIGILL, 0), "the nearest")
    e2e.require_equal(
        sorted(vm.isahp("undefined/cgroups").splitlines()),
        ["/a signal", "/a/b emulate"], "list")
    vm.agent.sh(f"echo /a default > {SYSFS}/cgroups")
    e2e.require_equal((one("a"), one("a/b")), (0, 0), "taken back")
    # One that was removed is let go with the next change.
    vm.agent.sh(f"rmdir {CGROUP}/a/b; echo /c warn > {SYSFS}/cgroups")
    e2e.require_equal(vm.isahp("undefined/cgroups"), "/c warn", "list")
    t.say("a cgroup's")


def check_told(t, vm, host) -> None:
    def listen(interest: int) -> tuple[list[str], bool]:
        job = vm.agent.start(["undefined", "listen", str(interest)])
        job.wait()
        text = f"{job.pid} undefined movbe"
        # A later report is there: an earlier one would be, too.
        other = vm.agent.start(["undefined", "one"])
        other.wait()
        vm.agent.wait(lambda: f"{other.pid} undefined movbe" in log(host), 60,
                      "isahpd's line")
        return job.lines(), text in log(host)

    lines, told = listen(MOVBE)
    e2e.require_equal(lines, ["listen: flags 0, ready 0", "listen: flags 10",
                              "listen: nothing", "listen: nothing"], "events")
    e2e.require(not told, "the host was told of one that had asked")
    lines, told = listen(AVX2_ONLY)
    e2e.require_equal(lines[1], "listen: flags 10", "events")
    e2e.require(told, "the host was not told of one that had not asked")
    t.say("registrants and host are told")


def log(host) -> str:
    return host.shim.log.read_text(errors="replace")


def check_bad_input(t, vm) -> None:
    for file, line in (("processes", "1"), ("processes", "x signal"),
                       ("processes", "1 maybe"), ("processes", "999999 signal"),
                       ("processes", "2 signal"), ("processes", "-1 signal"),
                       ("cgroups", "/a"), ("cgroups", "/none signal"),
                       ("cgroups", "/a maybe"), ("cgroups", "")):
        try:
            vm.agent.sh(f"echo '{line}' > {SYSFS}/{file}")
        except LabError:
            continue
        raise AssertionError(f"{file} takes {line!r}")
    for value in ("default", "maybe", ""):
        try:
            vm.agent.sh(f"echo '{value}' > {PARAMETER}")
        except LabError:
            continue
        raise AssertionError(f"the parameter takes {value!r}")
    e2e.require_equal(run(vm, "policy", "4"), 2, "policy 4")
    # More cgroups than there is room for.
    vm.agent.sh(f"for i in $(seq 40); do mkdir {CGROUP}/n$i; done")
    taken = vm.agent.sh(
        f"n=0; for i in $(seq 40); do echo /n$i warn 2>/dev/null "
        f"> {SYSFS}/cgroups && n=$((n + 1)); done; echo $n")
    e2e.require_equal(taken, "31", "cgroups beside /c")
    vm.agent.sh(f"for i in $(seq 40); do echo /n$i default > {SYSFS}/cgroups; "
                "done")
    t.say("nonsense is refused")


def check_never_had(t, vm) -> None:
    """Another guest, booted where MOVBE never was, the module in it."""
    host = t.host("never", cpus.POOR)
    with t.vm("never") as other:
        other.allow.append(r"traps: undefined\[\d+\] trap invalid opcode")
        other.boot(host)
        host.shim.await_vm(other.name)
        e2e.require_equal(run(other, "one"), SIGILL, "never had")
        e2e.require_equal(figure(other, "signalled"), 0, "signalled")
        lines = other.agent.run(["undefined", "foreign"]).out.splitlines()
        e2e.require_equal({line.split(": ", 1)[1] for line in lines},
                          {FOREIGN_LINE}, "foreign")
    t.say("what never was there is not emulated")


e2e.main(test)
