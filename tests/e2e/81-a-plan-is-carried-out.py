#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`pool apply` carries plans out on a guest that computes. Host a leaves: the guest
goes to b, which lacks AVX2. Host c comes for b: the guest goes there, the baseline
rises, and AVX2 is announced to it live. Host c shall lose AVX2 by a change while it
runs: it is taken from the guest before, and the baseline lowered. The program's code
path follows, with no wrong result. A process that is stopped ends the first plan at
its first step, with nothing changed; once it runs again, the plan goes on."""

import json
import signal
import socket
import threading
from pathlib import Path

from lab import cpus, e2e
from lab.expansion import expansion
from lab.mathdemo import MathDemo
from lab.shim import CtlError

# TCG has no TSX: a profile that promises it would be wrong.
RICH = f"{cpus.RICH},-hle,-rtm"
POOR = f"{cpus.POOR},-hle,-rtm"
HOOK = """#!/usr/bin/env python3
import socket, sys
with socket.socket(socket.AF_UNIX) as s:
    s.connect({path!r})
    s.sendall((" ".join(["{what}"] + sys.argv[1:]) + "\\n").encode())
    said = s.makefile().readline()
print(said, end="")
sys.exit(0 if said else 1)
"""


class Operator:
    """Whom `pool apply` asks by its programs: starts and ends QEMUs."""

    def __init__(self, t: e2e.Test, vm, hosts: dict):
        self.vm, self.hosts, self.target = vm, hosts, None
        self.calls: list[str] = []
        self.path = vm.run_dir / "operator.sock"
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(self.path))
        self.server.listen()
        self.programs = [self._program(t.folder / what, what)
                         for what in ("receive", "release")]
        threading.Thread(target=self._serve, daemon=True).start()

    def _program(self, path: Path, what: str) -> str:
        path.write_text(HOOK.format(path=str(self.path), what=what), encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    def _serve(self) -> None:
        while True:
            client = self.server.accept()[0]
            with client, client.makefile("rw") as stream:
                words = stream.readline().split()
                self.calls.append(" ".join(words))
                stream.write(getattr(self, words[0])(self.hosts[words[2]]) + "\n")

    def receive(self, host) -> str:
        self.target, uri = self.vm.await_incoming(host)
        return uri

    def release(self, host) -> str:
        if self.vm.host is host:
            self.vm.take_over(self.target)
        else:
            self.vm.drop(self.target)
        return "ended"


class Pool:
    """Its files, and what isahpctl makes of them."""

    def __init__(self, t: e2e.Test, vm, hosts: dict, operator: Operator):
        self.t, self.vm, self.hosts, self.operator = t, vm, hosts, operator
        self.path = t.folder / "test.pool"
        self.plans = 0

    def profile(self, host: str, cpu: str, name: str = "") -> str:
        path = self.t.folder / f"{name or host}.json"
        done = self.t.folder / f"{name or host}.qemu"
        done.write_text(json.dumps(expansion(cpu)), encoding="utf-8")
        self.ctl("host", "profile", "--from", str(done), "--name", host, "--out", str(path))
        return str(path)

    def write(self, *hosts: str) -> None:
        self.path.write_text(json.dumps({
            "isahp-pool": 1, "name": "test", "mode": "superset",
            "hosts": [{"file": f"{host}.json", "control": str(self.hosts[host].shim.control)}
                      for host in hosts]}), encoding="utf-8")

    def ctl(self, *args: str):
        # `host profile` and `vm record` write a file, and print nothing.
        return next(iter(self.hosts.values())).shim.ctl(*args)

    def baseline(self) -> set[str]:
        return set(self.ctl("pool", "baseline", str(self.path))["features"])

    def plan(self, *change: str) -> str:
        """-> the file of a plan for the guest where it is now."""
        self.plans += 1
        record = self.t.folder / f"vm-{self.plans}.json"
        path = self.t.folder / f"plan-{self.plans}.json"
        shim = self.vm.host.shim
        record.write_text(json.dumps(shim.ctl("vm", "record", self.vm.name)),
                          encoding="utf-8")
        plan = self.ctl("pool", "plan", str(self.path), f"{self.vm.host.name}={record}",
                        *change)
        e2e.require(plan["ready"], f"the plan is not: {plan['stuck']}")
        path.write_text(json.dumps(plan), encoding="utf-8")
        return str(path)

    def apply(self, plan: str, *options: str):
        receive, release = self.operator.programs
        sockets = ",".join(f"{n}={h.shim.control}" for n, h in self.hosts.items())
        return self.ctl("pool", "apply", str(self.path), plan, "--receive", receive,
                        "--release", release, "--control", sockets, *options)


def states(answer: dict) -> list[tuple[str, str]]:
    return [(step["do"], step["state"]) for step in answer["steps"]]


def test(t: e2e.Test) -> None:
    hosts = {name: t.host(name, cpu)
             for name, cpu in (("a", RICH), ("b", POOR), ("c", RICH))}
    with t.vm() as vm:
        pool = Pool(t, vm, hosts, Operator(t, vm, hosts))
        profiles = {name: pool.profile(name, host.cpu) for name, host in hosts.items()}
        pool.write("a", "b")
        hosts["a"].options = ("--pool", str(pool.path))
        vm.boot(hosts["a"])
        hosts["a"].shim.await_vm(vm.name)
        demo = MathDemo(vm.agent)
        demo.wait_variant("avx2")
        leaves(t, vm, pool, demo)
        comes(t, vm, pool, demo, profiles["c"])
        changes(t, vm, pool, demo)
        demo.end()


def leaves(t: e2e.Test, vm, pool: Pool, demo: MathDemo) -> None:
    plan = pool.plan("--leave", "a")
    before = pool.path.read_text(encoding="utf-8")
    would = pool.apply(plan, "--dry-run")
    e2e.require_equal(states(would), [("migrate", "to-do"), ("leave", "to-do")], "rehearsal")
    e2e.require_equal(pool.operator.calls, [], "programs that a rehearsal has run")

    # The control: a step is refused, and it is carried no further.
    demo.job.signal(signal.SIGSTOP)
    try:
        pool.apply(plan, "--deadline", "2000")
        raise AssertionError("carried on past a laggard")
    except CtlError as error:
        t.say(f"stopped: {error}")
        e2e.require_equal(error.exit, 4, "exit code")
        e2e.require_equal(states(error.data), [("migrate", "refused"), ("leave", "remains")],
                          "steps")
    e2e.require(vm.host.name == "a", "the guest has moved")
    e2e.require_equal(pool.path.read_text(encoding="utf-8"), before, "the pool's file")
    e2e.require_equal(pool.operator.calls, ["receive vm b", "release vm b"], "programs")
    demo.job.signal(signal.SIGCONT)
    vm.host.shim.await_vm(vm.name)
    demo.wait_variant("avx2")

    answer = pool.apply(plan)
    t.say(f"a leaves: {states(answer)}")
    e2e.require(answer["complete"] and vm.host.name == "b", "not carried out")
    demo.wait_variant("sse2")
    e2e.require_equal([h["file"] for h in json.loads(pool.path.read_text())["hosts"]],
                      ["b.json"], "hosts of the pool")
    e2e.require("avx2" not in pool.baseline(), "AVX2 in the baseline")
    calls = list(pool.operator.calls)
    e2e.require_equal({state for _, state in states(pool.apply(plan))}, {"done-before"},
                      "run again")
    e2e.require_equal(pool.operator.calls, calls, "programs that the second run has run")


def comes(t: e2e.Test, vm, pool: Pool, demo: MathDemo, profile: str) -> None:
    plan = pool.plan("--join", profile, "--leave", "b")
    # The guest is told of what it has, and of no more before it is announced.
    present = vm.host.shim.show(vm.name)["record"]["present"]
    pool.hosts["c"].options = ("--present", ",".join(present))
    answer = pool.apply(plan)
    t.say(f"c comes, b leaves: {states(answer)}")
    e2e.require_equal(states(answer),
                      [(do, "done") for do in ("join", "migrate", "leave", "raise-baseline",
                                               "announce-add")], "steps")
    e2e.require(vm.host.name == "c" and "avx2" in pool.baseline(), "not carried out")
    demo.wait_variant("avx2")


def changes(t: e2e.Test, vm, pool: Pool, demo: MathDemo) -> None:
    after = pool.profile("c", POOR, "c-after")
    plan = pool.plan("--replace", after, "--live")
    try:
        pool.apply(plan)
        raise AssertionError("a host has changed by itself")
    except CtlError as error:
        t.say(f"the operator's turn: {error}")
        e2e.require_equal(error.exit, 1, "exit code")
        e2e.require_equal(states(error.data), [("announce-remove", "done"),
                                               ("lower-baseline", "done"),
                                               ("change", "refused")], "steps")
    demo.wait_variant("sse2")
    e2e.require("avx2" not in pool.baseline(), "AVX2 in the baseline before the change")
    entry = json.loads(pool.path.read_text(encoding="utf-8"))["hosts"][0]["file"]
    Path(pool.path.parent, entry).write_bytes(Path(after).read_bytes())
    answer = pool.apply(plan)
    e2e.require(answer["complete"], f"not carried out: {states(answer)}")
    e2e.require("hide" not in json.loads(pool.path.read_text(encoding="utf-8")),
                "something is still hidden")
    t.say("c has changed")


e2e.main(test)
