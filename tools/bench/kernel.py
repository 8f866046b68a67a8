# SPDX-License-Identifier: MIT
"""bench_kernel: what a 32-bit system call and registrations in a guest cost.

A guest is booted whose host this program plays. It says which vendor's CPU the
guest is on: getpid() by the entry that the guest then uses, over INT 0x80; and
what exchanging the entry costs, over writing its policy without a change.

Then what registrations cost, by their number. It says a removal, and looks at
the guest's own clock for how long it took until all registrants had
acknowledged; the peer is as many eventfds in the same processes, woken one by
one and read. Everything is shown with its accelerator; under TCG, where each
instruction costs tens of others, ratios are what is left to look at.
"""

import argparse
import json
import os
import re
import signal
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from lab import cpus, e2e, entry32, standin
from lab.agent import Job
from lab.errors import LabError, Skip
from lab.proc import kill_all
from lab.qemu import accel
from lab.standin import ABORT, AMD, ANNOUNCE, COMMIT, INTEL, PREPARE
from lab.vm import Vm

SUITE = "kernel"
AVX2, MOVBE = 32, 7
OTHERS = 20
BURST = 1000
FLOOR_ROUNDS = 10
FLIPS = 100
DEADLINE_MS = 120000
CGROUP = "/sys/fs/cgroup/crowd"

# Processes, files in each, removals.
CROWDS = ((1, 1, 60), (100, 1, 40), (100, 10, 20), (1000, 1, 20),
          (100, 100, 12))


@dataclass
class Row:
    """One figure; a ratio is written so that larger is better."""
    name: str
    value: float
    unit: str
    peer: str | None = None
    ratio: float | None = None

    def as_json(self) -> dict:
        return {"suite": SUITE, "name": self.name, "value": self.value,
                "unit": self.unit, "peer": self.peer, "ratio": self.ratio,
                "goal": None, "met": None}

    def __str__(self) -> str:
        ratio = f"{self.ratio:7.3f}  {self.peer}" if self.peer else ""
        return f"{self.name:40s} {self.value:12.3f} {self.unit:5s} {ratio}"


class Crowd:
    """isahp_crowd in the guest."""

    def __init__(self, vm: Vm, processes: int, files: int):
        self.count = processes * files
        self.name = f"{self.count} in {processes}"
        self.job: Job = vm.agent.start(
            ["isahp_crowd", "--processes", str(processes), "--files", str(files),
             "--interest", str(AVX2), "--others", str(OTHERS),
             "--others-interest", str(MOVBE), "--cgroup", CGROUP,
             "--floor", str(FLOOR_ROUNDS)])
        self.job.wait_line(lambda line: line.startswith("ready"), 300)

    def said(self, word: str) -> list[dict[str, int]]:
        return [{k: int(v) for k, v in re.findall(r"(\w+)=(-?\d+)", line)}
                for line in self.job.lines() if line.startswith(word)]

    def figures(self) -> dict[str, int]:
        seen = len(self.said("crowd"))
        self.job.signal(signal.SIGUSR1)
        self.job.agent.wait(lambda: len(self.said("crowd")) > seen, 60, "figures")
        return self.said("crowd")[-1]

    def await_read(self, sequence: int) -> None:
        while self.figures()["newest_min"] != sequence:
            pass

    def end(self, vm: Vm) -> None:
        self.job.signal(signal.SIGKILL, group=True)
        vm.wait_isahp("registrants", "0", 120)


def removals(host: standin.StandIn, crowd: Crowd, present: bytes,
             count: int) -> list[float]:
    """Milliseconds until all had acknowledged, by the guest's clock."""
    took = []
    for _ in range(count):
        said = host.say(PREPARE, present, standin.features(AVX2), DEADLINE_MS)
        answer = host.await_answer(said, timeout_s=180)
        if answer.verdict != standin.ACK or answer.concerned != crowd.count:
            raise LabError(f"not all have acknowledged: {answer}")
        took.append(answer.elapsed_ns / 1e6)
        host.await_answer(host.say(ABORT, present))
        crowd.await_read(host.sequence)
    return took


def burst(host: standin.StandIn, present: bytes) -> float:
    """Milliseconds from the first of many records to the last one's answer."""
    start = time.monotonic_ns()
    last = host.say(PREPARE, present, standin.features(AVX2), DEADLINE_MS)
    for _ in range(BURST // 2 - 1):
        host.say(ABORT, present)
        last = host.say(PREPARE, present, standin.features(AVX2), DEADLINE_MS)
    answer = host.await_answer(last, timeout_s=180)
    host.await_answer(host.say(ABORT, present))
    return (answer.at_ns - start) / 1e6


def percentile(samples: list[float], percent: float) -> float:
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def noise_of(samples: list[float]) -> float:
    half = len(samples) // 2
    a, b = (statistics.median(s) for s in (samples[:half], samples[half:]))
    return abs(a - b) / max(a, b)


def measure(vm: Vm, host: standin.StandIn, present: bytes,
            shape: tuple[int, int, int]) -> tuple[list[Row], float]:
    processes, files, count = shape
    crowd = Crowd(vm, processes, files)
    # The first round also faults in what was never touched.
    floor = [line["ns"] / 1e6 for line in crowd.said("floor")][1:]
    peer = statistics.median(floor)
    took = removals(host, crowd, present, count)
    woken = crowd.figures()["others_woken"]
    median = statistics.median(took)
    name = crowd.name
    rows = [
        Row(f"{name}: all acknowledged, p50", median, "ms",
            "as many eventfds", peer / median),
        Row(f"{name}: all acknowledged, p99", percentile(took, 99), "ms",
            "as many eventfds", peer / percentile(took, 99)),
        Row(f"{name}: all acknowledged, max", max(took), "ms",
            "as many eventfds", peer / max(took)),
        Row(f"{name}: wake-ups of the untouched", woken, "", None, None),
    ]
    if crowd.count >= 1000:
        memory = crowd.said("memory")[0]
        each = memory["opened"] + memory["registered"]
        rows.append(Row(f"{name}: memory of a registration", each, "bytes",
                        "an open file", memory["files"] / each))
        took_all = burst(host, present)
        rows.append(Row(f"{name}: burst of {BURST} records", took_all, "ms",
                        "as many removals", BURST / 2 * median / took_all))
    crowd.end(vm)
    return rows, noise_of(floor)


def call_by_entry(vm: Vm, wanted: str) -> Row:
    said = entry32.fields(entry32.rate(vm))
    if said["entry"] != wanted:
        raise LabError(f"the guest enters by {said['entry']}, not {wanted}")
    took, slow = float(said["entry_ns"]), float(said["int80_ns"])
    return Row(f"getpid by {wanted}", took, "ns", "INT 0x80", slow / took)


def writes_ms(vm: Vm, *words: str) -> float:
    """One write of the policy, by the guest's clock."""
    loop = "; ".join(f"echo {word} > {entry32.POLICY}" for word in words)
    said = vm.agent.sh(
        "read from rest < /proc/uptime; i=0; "
        f"while [ $i -lt {FLIPS} ]; do {loop}; i=$((i + 1)); done; "
        "read to rest < /proc/uptime; echo $from $to", 300)
    start, end = (float(word) for word in said.split())
    return (end - start) * 1e3 / (FLIPS * len(words))


def entries(vm: Vm, host: standin.StandIn, present: bytes) -> list[Row]:
    rows = [call_by_entry(vm, "sysenter")]
    floor = writes_ms(vm, "auto", "auto")
    took = writes_ms(vm, "int80", "auto")
    rows.append(Row("exchange of the entry on all CPUs", took, "ms",
                    "a write that changes nothing", floor / took))
    host.await_answer(host.say(PREPARE, present, vendor_next=AMD,
                               deadline_ms=DEADLINE_MS))
    host.await_answer(host.say(COMMIT, present, vendor=AMD))
    rows.append(call_by_entry(vm, "syscall"))
    host.await_answer(host.say(PREPARE, present, vendor=AMD, vendor_next=INTEL,
                               deadline_ms=DEADLINE_MS))
    host.await_answer(host.say(COMMIT, present, vendor=INTEL))
    return rows


def run(test: e2e.Test) -> tuple[list[Row], float]:
    host = test.stand_in("rich", cpus.RICH)
    rows: list[Row] = []
    noise = 0.0
    entry32.need(test)
    with test.vm(memory_mib=1024, cmdline=entry32.FAST) as vm:
        vm.boot(host)
        present = host.await_registered().visible
        host.await_answer(host.say(ANNOUNCE, present))
        vm.agent.sh("mount -t cgroup2 cgroup /sys/fs/cgroup && "
                    "echo +memory > /sys/fs/cgroup/cgroup.subtree_control && "
                    f"mkdir {CGROUP}")
        rows += entries(vm, host, present)
        for row in rows:
            print(row, flush=True)
        for shape in CROWDS:
            fresh, noise = measure(vm, host, present, shape)
            rows += fresh
            for row in fresh:
                print(row, flush=True)
    return rows, noise


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench_kernel", description=__doc__)
    parser.add_argument("--json", metavar="FILE", type=Path,
                        help="write the figures to FILE as well")
    arguments = parser.parse_args()
    emulated = " (emulated: speed means nothing)" if accel() == "tcg" else ""
    print(f"guest: {os.environ.get('ISAHP_GUEST_KERNEL') or 'default'} kernel, "
          f"2 CPUs; accelerator: {accel()}{emulated}")
    print(f"{SUITE:40s} {'value':>12s} {'unit':5s} {'ratio':>7s}  to")
    test = e2e.Test("bench_kernel")
    try:
        rows, noise = run(test)
    except Skip as why:
        print(f"bench_kernel: cannot run: {why}", file=sys.stderr)
        return 1
    except LabError as error:
        kill_all()
        test.show_logs()
        print(f"bench_kernel: {error}", file=sys.stderr)
        return 1
    finally:
        test.end()
        kill_all()
    print(f"A/A noise floor: {noise * 100:.2f} % (the peer measured twice)")
    if arguments.json:
        arguments.json.write_text(
            json.dumps([row.as_json() for row in rows], indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
