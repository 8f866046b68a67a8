# SPDX-License-Identifier: MIT
"""The native leg: the same program, the same hosts in play, no VM: speed."""

import json
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.paths import build_dir

from demo.stage import Stage, Watch
from demo.timeline import Event, Leg

SIZE = "128"
VM = "native"


class LocalMathDemo:
    """mathdemo on this machine, following a loopback socket."""

    def __init__(self, socket: str, threads: int, log: Path):
        self._lines: list[dict[str, Any]] = []
        self._log = open(log, "wb")
        self._child = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", str(build_dir() / "bin/mathdemo"), "--json",
             "--interval", "1000", "--size", SIZE, "--threads", str(threads)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._log, text=True,
            env={**os.environ, "ISAHP_LOOPBACK": socket})
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._child.stdout:
            self._lines.append(json.loads(line))

    def intervals(self) -> list[dict[str, Any]]:
        return [line for line in list(self._lines) if "ops_per_s" in line]

    def check(self) -> None:
        if self._child.poll() is not None:
            raise LabError(f"mathdemo has ended ({self._child.returncode}); see "
                           f"{self._log.name}")

    def end(self) -> dict[str, Any]:
        """Ask it to end: its summary."""
        self._child.send_signal(signal.SIGTERM)
        self._child.wait(60)
        self._reader.join(60)
        self._log.close()
        for line in self._lines:
            if "summary" in line:
                return line["summary"]
        raise LabError(f"mathdemo ended without a summary ({self._child.returncode})")

    def kill(self) -> None:
        if self._child.poll() is None:
            self._child.kill()
            self._child.wait()


def cpu_flags() -> set[str]:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("flags"):
            return set(line.split(":")[1].split())
    return set()


def cpu_name() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return "unknown CPU"


def hosts() -> dict[str, str]:
    """Host types in play -> what isahpctl's --present takes."""
    flags = cpu_flags()
    pool = {"sse2": "native,-avx,-avx2,-fma"}
    if {"avx2", "fma"} <= flags:
        pool["avx2"] = "native,-avx512f"
    if "avx512f" in flags:
        pool["avx512"] = "native"
    return pool


def tour(pool: dict[str, str]) -> list[str]:
    """Up through the generations, down again, and once across."""
    names = list(pool)
    return [*names, *names[-2::-1], names[-1]] if len(names) > 1 else names


def run(stage: Stage, rounds: int, stay_s: float) -> Leg:
    pool = hosts()
    threads = os.cpu_count() or 1
    leg = Leg("native", f"Native, {cpu_name()}, {threads} threads: speed")
    shim = stage.shim(VM)
    first, *rest = tour(pool)
    added = shim.ctl("vm", "add", VM, "--loopback", "--present", pool[first])
    demo = LocalMathDemo(added["socket"], threads, stage.logs / "mathdemo.log")
    try:
        watch = Watch(leg, demo.intervals, demo.check)
        watch.host = first
        watch.dwell(stay_s)
        acks = []
        for name in rest:
            answer = shim.ctl("announce", VM, "--present", pool[name])
            acks.append(answer.get("ack_ms"))
            watch.host = name
            leg.show_event(Event(round(watch.now, 3), "move", f"to {name}", label=f"to {name}"))
            watch.dwell(stay_s)
        times = ack_rounds(watch, shim, rounds) if "avx2" in pool else []
        summary = demo.end()
    finally:
        demo.kill()
    leg.totals = {"cpu": cpu_name(), "calls": summary["calls_all"], "wrong": summary["wrong"],
                  "swaps": summary["swaps"], "served": summary["served"],
                  "moves": len(rest), "move_ack_ms": acks, "ack_ms": times,
                  "calls_per_second": by_host(leg)}
    return leg


def ack_rounds(watch: Watch, shim: Any, rounds: int) -> list[float]:
    times = []
    watch.leg.show_event(Event(round(watch.now, 3), "rounds",
                               f"{rounds} times prepare and abort",
                               label=f"{rounds} x prepare, abort"))
    for _ in range(rounds):
        times.append(shim.ctl("prepare", VM, "--remove", "avx2")["ack_ms"])
        shim.ctl("abort", VM)
        watch.pump()
    return times


def by_host(leg: Leg) -> dict[str, float]:
    """Median rate on each type of host: whole intervals, none with a move in it."""
    moved = [event.at for event in leg.events if event.kind in ("move", "rounds")]
    rates: dict[str, list[float]] = {}
    last = max((event.at for event in leg.events if event.kind == "rounds"), default=1e9)
    for sample in leg.samples:
        whole = not any(sample.at - 1.1 < at <= sample.at for at in moved)
        if whole and sample.at < last:
            rates.setdefault(sample.host, []).append(sample.ops_per_second)
    return {host: sorted(values)[len(values) // 2] for host, values in rates.items()}
