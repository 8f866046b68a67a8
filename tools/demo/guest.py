# SPDX-License-Identifier: MIT
"""The guest's leg: a VM that is live-migrated while it computes."""

import re
import signal
from typing import Any

from lab import cpus
from lab.agent import Job
from lab.errors import LabError
from lab.mathdemo import MathDemo
from lab.qemu import accel
from lab.vm import Vm

from demo.stage import Stage, Watch
from demo.timeline import Event, Leg

INTERVAL = ("--interval", "1000")
# The 32-bit program speaks once a second; two whole seconds by one entry.
ENTRY_STAY_S = 3
THREADS = 4
TRAPS = re.compile(r"trap invalid opcode")
VENDORS = {"intel": "Intel", "amd": "AMD"}
POOR_LACKS = ",".join(cpus.LOST)


def begin(name: str, title: str) -> Leg:
    return Leg(name, f"{title}, accelerator {accel()}: proof of correctness, not of speed")


def tour(rich: Any, poor: Any, moves: int) -> list[Any]:
    """Where the VM goes: away from the rich host and back, and so on."""
    return [poor if i % 2 == 0 else rich for i in range(moves)]


class Programs:
    """What runs in the guest while it moves."""

    def __init__(self, vm: Vm, *options: str):
        self.vm = vm
        self.demo = MathDemo(vm.agent, *INTERVAL, *options, threads=THREADS)
        self.vsys: Job = vm.agent.start(["vsys32", "--threads", "2"])

    def vsys_says(self) -> list[dict[str, str]]:
        """What the 32-bit program has said, some times a second."""
        return [dict(re.findall(r"(\w+)=(\w+)", line)) for line in self.vsys.lines()]

    def entry(self) -> str:
        """How it enters the kernel, as it reads in the vDSO; "" at first."""
        said = self.vsys.lines()
        return re.findall(r"entry=(\w+)", said[-1])[0] if said else ""

    def end(self) -> tuple[dict[str, Any], dict[str, int]]:
        """mathdemo's summary, and calls and wrong ones of the 32-bit program."""
        summary = self.demo.end(accept_wrong=True)
        self.vsys.signal(signal.SIGTERM)
        self.vsys.wait()
        said = self.vsys_says()[-1]
        return summary, {"calls": int(said["calls"]), "wrong": int(said["wrong"])}

    def calls_by_entry(self) -> dict[str, int]:
        """Calls of the 32-bit program by the entry they took. Those around a
        change count for neither."""
        calls: dict[str, int] = {}
        said = self.vsys_says()
        for before, after in zip(said, said[1:]):
            if before["entry"] == after["entry"]:
                calls.setdefault(after["entry"], 0)
                calls[after["entry"]] += int(after["calls"]) - int(before["calls"])
        return calls

    def died(self) -> int:
        """Programs that a SIGILL has ended."""
        return sum(job.end is not None and job.end.signal == signal.SIGILL
                   for job in (self.demo.job, self.vsys))


def sigill(vm: Vm, programs: Programs) -> int:
    """SIGILLs in the guest: in its kernel's log, or a program's end."""
    return max(len(TRAPS.findall(vm.console_text())), programs.died())


def move(watch: Watch, vm: Vm, target: Any) -> dict[str, Any]:
    """One `isahpctl migrate`, told as it goes."""
    began = watch.now
    under_way = vm.start_move(target)
    watch.until(under_way.command.is_over)
    info = under_way.wait()
    left = prepare_ms(info)
    agreed = (f"acknowledged in {left:.0f} ms" if left is not None
              else "nothing had to leave")
    other = vendor(target, vm) != watch.vendor
    stand_on(watch, target, vm)
    watch.leg.show_event(Event(
        round(watch.now, 3), "move",
        f"to {target.name}{f', of another vendor ({watch.vendor})' if other else ''}: "
        f"{agreed}, stopped for {info['downtime_ms']:.0f} ms, "
        f"{watch.now - began:.1f} s in all",
        label=f"to {target.name}", vendor=watch.vendor))
    return info


def vendor(host: Any, vm: Vm) -> str:
    """Who made the host's CPU, by the word of its isahpd."""
    said = host.shim.show(vm.name)["host_vendor"]
    return VENDORS.get(said, said)


def stand_on(watch: Watch, host: Any, vm: Vm) -> None:
    """The guest is on this host now."""
    watch.host = host.name
    watch.vendor = vendor(host, vm)


def prepare_ms(info: dict[str, Any]) -> float | None:
    """From PREPARE to its acknowledgement; None where nothing had to leave."""
    return info.get("answer", {}).get("ack_ms")


def ack_rounds(watch: Watch, vm: Vm, rounds: int) -> list[float]:
    """Prepare and abort, again and again: announcement to acknowledgement."""
    shim = vm.host.shim
    times: list[float] = []
    watch.leg.show_event(Event(round(watch.now, 3), "rounds",
                               f"{rounds} times prepare and abort",
                               label=f"{rounds} x prepare, abort"))
    for number in range(1, rounds + 1):
        answer = shim.ctl("prepare", vm.name, "--remove", POOR_LACKS)
        times.append(answer["ack_ms"])
        shim.ctl("abort", vm.name)
        shim.await_vm(vm.name)
        watch.pump()
        if number % 50 == 0:
            watch.leg.show_event(Event(round(watch.now, 3), "rounds",
                                       f"{number} of {rounds} done"))
    return times


def with_isahp(stage: Stage, moves: int, rounds: int, stay_s: float) -> Leg:
    """Migrate with isahp, last to the other vendor and back, and measure
    acknowledgements."""
    leg = begin("guest", "Guest with isahp")
    rich = stage.host("rich", cpus.RICH, shim=True)
    poor = stage.host("poor", cpus.POOR, shim=True)
    amd = stage.host("amd", cpus.AMD, shim=True)
    with stage.vm("vm") as vm:
        print(f"booting a guest on {rich.cpu} ({accel()})", flush=True)
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        programs = Programs(vm)
        watch = Watch(leg, programs.demo.intervals, vm.check, programs.entry)
        stand_on(watch, rich, vm)
        watch.dwell(stay_s)
        infos = []
        for target in tour(rich, poor, moves):
            infos.append(move(watch, vm, target))
            watch.dwell(stay_s)
        if vm.host is not rich:
            infos.append(move(watch, vm, rich))
        abroad = []
        for target in (amd, rich):
            abroad.append(move(watch, vm, target))
            watch.dwell(max(stay_s, ENTRY_STAY_S))
        times = ack_rounds(watch, vm, rounds)
        summary, vsys = programs.end()
        leg.totals = {
            "accelerator": accel(), "calls": summary["calls_all"],
            "wrong": summary["wrong"] + vsys["wrong"], "calls_32bit": vsys["calls"],
            "calls_32bit_by_entry": programs.calls_by_entry(),
            "wrong_32bit": vsys["wrong"],
            "sigill": sigill(vm, programs), "swaps": summary["swaps"],
            "served": summary["served"], "migrations": len(infos) + len(abroad),
            "downtime_ms": [info["downtime_ms"] for info in infos],
            "downtime_ms_vendor": [info["downtime_ms"] for info in abroad],
            "move_ack_ms": [prepare_ms(info) for info in infos + abroad],
            "ack_ms": times,
        }
        vm.check()
    return leg


def plainly(stage: Stage, moves: int, stay_s: float) -> Leg:
    """The same moves, the program bound to SSE2, no isahp anywhere."""
    leg = begin("plain", "Guest without isahp, bound to SSE2")
    rich = stage.host("rich-plain", cpus.RICH, shim=False)
    poor = stage.host("poor-plain", cpus.POOR, shim=False)
    with stage.vm("plain") as vm:
        print("booting a guest without isahp, for comparison", flush=True)
        vm.boot(rich)
        programs = Programs(vm, "--bind", "sse2")
        watch = Watch(leg, programs.demo.intervals, vm.check)
        watch.host = rich.name
        watch.dwell(stay_s)
        downtimes = []
        for target in tour(rich, poor, moves):
            info = vm.plain_move(target)
            downtimes.append(info["downtime"])
            watch.host = target.name
            watch.leg.show_event(Event(round(watch.now, 3), "move",
                                       f"to {target.name}: stopped for {downtimes[-1]:.0f} ms",
                                       label=f"to {target.name}"))
            watch.dwell(stay_s)
        summary, vsys = programs.end()
        leg.totals = {"calls": summary["calls_all"], "wrong": summary["wrong"] + vsys["wrong"],
                      "downtime_ms": downtimes, "sigill": sigill(vm, programs)}
        vm.check()
    return leg


def bound_to_avx2(stage: Stage, stay_s: float) -> Leg:
    """The control: bound to AVX2 once at start, moved, and gone."""
    leg = begin("bound", "Guest without isahp, bound to AVX2 at start")
    rich = stage.host("rich-plain", cpus.RICH, shim=False)
    poor = stage.host("poor-plain", cpus.POOR, shim=False)
    with stage.vm("bound") as vm:
        print(f"booting a guest on {rich.cpu} ({accel()})", flush=True)
        vm.boot(rich)
        # In which object, the kernel says in a line of its own when two die at once;
        # the program itself tells in whose code.
        vm.allow.append(r"traps: mathdemo\[\d+\] trap invalid opcode")
        demo = MathDemo(vm.agent, "--interval", "250", "--bind", "avx2", threads=THREADS)
        watch = Watch(leg, demo.intervals, vm.check)
        watch.host = rich.name
        watch.dwell(stay_s)
        vm.plain_move(poor, during=watch.pump)
        watch.pump()
        watch.host = poor.name
        leg.show_event(Event(round(watch.now, 3), "move", "to poor, nobody was told"))
        end = demo.job.wait()
        watch.pump()
        said = [line["sigill"] for line in demo.lines() if "sigill" in line]
        where = said[0]["variant"] if said else None
        leg.show_event(Event(round(watch.now, 3), "died",
                             f"{end}, in the program's own {where or 'unknown'} code",
                             label=f"moved to poor, died: {end}"))
        leg.totals = {"end": str(end), "code": where,
                      "died_of_sigill_in_own_avx2_code":
                      end.signal == signal.SIGILL and where == "avx2"}
        vm.check()
    return leg


def planted(stage: Stage) -> dict[str, Any]:
    """The second control: one wrong result is planted and must be counted."""
    with stage.vm("planted") as vm:
        vm.boot(stage.host("rich-planted", cpus.RICH, shim=False))
        demo = MathDemo(vm.agent, *INTERVAL, "--bind", "sse2", "--plant-wrong", "100",
                        "--seconds", "2", threads=THREADS)
        end = demo.job.wait()
        summary = next((line["summary"] for line in demo.lines() if "summary" in line), None)
        if not summary:
            raise LabError(f"mathdemo ended without a summary: {end}")
        return {"planted": 1, "counted": summary["wrong"], "exit_code": end.code}
