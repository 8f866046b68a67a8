# SPDX-License-Identifier: MIT
"""bench_restored: what a VM's programs get back when it arrives at a better host.

isahpd plays a day of migrations among types of hosts over its loopback: SSE2
alone, AVX2, and this CPU with AVX-512. For each function of mathlib: throughput
of what a build for the poorest host has (a masked VM gets that for life), of the
best variant called directly, and of calls through isahp.

The ways take turns in slices of a millisecond on a CPU of their own, in an order
that is shuffled anew each round; the best variant runs twice (A/A). All variants
are timed at the beginning of a function's day, by this program and by
isahp_operation_measure(): the best is what this program found, isahp chooses by
what that found.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

from lab.errors import LabError
from lab.paths import build_dir
from lab.runner import run_to_end

from bench.restored import plot
from bench.restored.day import Day, Stage, hosts
from bench.restored.figures import Figure, Line, evaluate, exchange, lost, table

STAY_MS, SLICE_US = 1000, 1000
QUICK_STAY_MS, QUICK_SLICE_US = 20, 100


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench_restored", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", metavar="FILE", type=Path,
                        help="write the figures to FILE as well")
    parser.add_argument("--out", metavar="DIR", type=Path, default=build_dir() / "restored",
                        help="where picture, rounds and logs go (default: %(default)s)")
    parser.add_argument("--quick", action="store_true",
                        default="ISAHP_BENCH_QUICK" in os.environ,
                        help="be done in seconds: shows that it works, not how fast it is")
    parser.add_argument("function", nargs="*", help="of mathlib; without one: all of them")
    return parser.parse_args()


def cpu() -> tuple[str, set[str]]:
    """Name and flags."""
    facts = {}
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        facts.setdefault(name.strip(), value.strip())
    return facts.get("model name", "unknown CPU"), set(facts.get("flags", "").split())


def prepare_folder(folder: Path) -> Path:
    """The folder, without what an earlier run left there; nothing else is touched."""
    folder = folder.resolve()
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    for name in ("restored.svg", "restored.png", "rounds.json"):
        (folder / name).unlink(missing_ok=True)
    return folder


def play(arguments: argparse.Namespace, stage: Stage, stay_ms: float) -> list[Day]:
    slice_us = QUICK_SLICE_US if arguments.quick else SLICE_US
    functions = arguments.function or stage.functions
    for name in functions:
        if name not in stage.functions:
            raise LabError(f"mathlib has no function '{name}' here; there are: "
                           + ", ".join(stage.functions))
    stage.home()
    days = []
    for i, name in enumerate(functions):
        if sys.stderr.isatty():
            print(f"\r{i + 1} of {len(functions)}: {name:20s}", end="", file=sys.stderr)
        days.append(stage.play(name, stay_ms, slice_us))
    if sys.stderr.isatty():
        print(f"\r{'':40s}\r", end="", file=sys.stderr)
    return days


def show(lines: list[Line], rest: list[Figure], quick: bool) -> None:
    print("\n".join(table(lines)))
    for figure in rest:
        print(f"{figure.name}: {figure.value:.3f} {figure.unit} (n = {figure.samples})")
    floor = max(f.noise for line in lines for f in line.figures())
    print("!: goal missed (restored 0.995, on a lesser host 0.99, steady loss 0.5 %); "
          "~: no farther from the goal than the noise is large")
    print(f"A/A noise floor: {floor * 100:.2f} % (the same thing measured twice; "
          "the worst of all)")
    print(f"Other programs had the CPU for {100 * lost([line.day for line in lines]):.0f} % of "
          "the time, which is taken out")
    if quick:
        print("In a hurry: this shows that it works, not how fast it is.")


def write(arguments: argparse.Namespace, title: str, lines: list[Line],
          rows: list[Figure]) -> None:
    days = [line.day.to_json() for line in lines]
    (arguments.out / "rounds.json").write_text(json.dumps(days) + "\n")
    if arguments.json:
        arguments.json.write_text(
            json.dumps([row.to_json() for row in rows], indent=1) + "\n")
    try:
        pictures = plot.draw(title, lines, arguments.out)
        print("picture: " + ", ".join(map(str, pictures)))
    except (LabError, OSError) as why:
        print(f"no picture: {why}", file=sys.stderr)


def run(arguments: argparse.Namespace) -> int:
    name, flags = cpu()
    pool = hosts(flags)
    stay_ms = QUICK_STAY_MS if arguments.quick else STAY_MS
    arguments.out = prepare_folder(arguments.out)
    if len(os.sched_getaffinity(0)) < 2:
        print("bench_restored: one CPU: who plays the hosts disturbs who computes",
              file=sys.stderr)
    with Stage(arguments.out / "logs", pool) as stage:
        days = play(arguments, stage, stay_ms)
        machine, emulated = stage.machine, stage.emulated
    print(f"CPU: {name}; accelerator: {machine}"
          + (" (emulated: speed means nothing)" if emulated else ""))
    lines = [evaluate(day, pool[-1].name, not emulated) for day in days]
    rest = exchange(days)
    show(lines, rest, arguments.quick)
    write(arguments, name, lines, [f for line in lines for f in line.figures()] + rest)
    return 0


def main() -> int:
    arguments = parse_arguments()
    began = time.monotonic()
    status = run_to_end("bench_restored", lambda: run(arguments))
    if not status:
        print(f"({time.monotonic() - began:.0f} s)")
    return status


if __name__ == "__main__":
    sys.exit(main())
