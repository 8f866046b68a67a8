# SPDX-License-Identifier: MIT
"""bench_emulator: what it costs to finish the instructions that a CPU has lost.

First on this machine: decoding, and loops that are run ahead, alone and by
libisahp's handler of SIGILL. Then in a guest: one instruction that traps, finished
by the module and by a handler of SIGILL, in turn in one process; whole loops; and
code that never traps, with the module loaded and without it.

The guest's rows name their accelerator. Clocks of an emulated guest are no clocks,
but the ways that a row compares run one after the other in it, and what its ratio
says is how much code each of them executes: so these have goals under TCG, too.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from lab import cpus, e2e
from lab.errors import LabError, Skip
from lab.paths import build_dir
from lab.qemu import accel
from lab.runner import run_to_end
from lab.vm import Vm

from bench.figure import Figure, header, noise_of, ratio_of

SUITE = "emulator"
LOOPS = ("emulator_loops", "emulator_library")
PARAMETER = "/sys/module/isahp/parameters/ahead_native"
GOAL_TRAP = 0.3

# TCG has no PCID: each change of page tables would flush all that it has translated
# of addresses, and that would be most of what is measured.
NO_PTI = "pti=off"

POOR = f"{cpus.POOR},-popcnt,-aes"

# Of the program in the guest, and what rows call it.
COUNT = 8  # of an instruction by each way, of which the fastest counts
TRAPS = {"pext": "a trap, PEXT", "movbe": "a trap, MOVBE from memory",
         "vpaddb": "a trap, VPADDB of YMM"}
PLAIN = {"sha256": "never traps: SHA-256, a block", "sort": "never traps: sorting, a number",
         "call": "never traps: a system call", "turn": "never traps: two switches of process"}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench_emulator", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", metavar="FILE", type=Path,
                        help="write the figures to FILE as well")
    parser.add_argument("--loops", action="store_true", help="this machine's part only")
    parser.add_argument("--guest", action="store_true", help="the guest's part only")
    parser.add_argument("--quick", action="store_true",
                        default="ISAHP_BENCH_QUICK" in os.environ,
                        help="be done in seconds: shows that it works, not how fast it is; "
                             "no guest unless it is asked for")
    arguments = parser.parse_args()
    if not arguments.loops and not arguments.guest:
        arguments.loops = True
        arguments.guest = not arguments.quick
    return arguments


# --- this machine -----------------------------------------------------------------

def loops(name: str, quick: bool) -> list[dict]:
    """A program of its own, which prints its table."""
    program = build_dir() / "bin" / name
    if not program.is_file():
        raise LabError(f"missing {program}: it is built where Zydis is installed (./dev setup)")
    environment = {**os.environ, **({"ISAHP_BENCH_QUICK": "1"} if quick else {})}
    with tempfile.NamedTemporaryFile() as results:
        done = subprocess.run([program, "--json", results.name], env=environment, check=False)
        if done.returncode:
            raise LabError(f"{name} has ended with {done.returncode}")
        return json.load(results)


# --- traps ------------------------------------------------------------------------

def said(line: str) -> dict[str, float]:
    return {k: float(v) for k, v in re.findall(r"(\w+)=([\d.]+)", line)}


def compare(name: str, peer: str, ways: tuple[list[float], list[float]], noise: float,
            goal: float | None, unit: str = "ns") -> Figure:
    ours, theirs = ways
    return Figure(SUITE, name, statistics.median(ours), unit, peer, statistics.median(theirs),
                  ratio_of(ours, theirs), goal, True, noise, len(ours))


def traps(vm: Vm, rounds: int) -> list[Figure]:
    """The guest has lost what traps; nobody runs ahead."""
    ahead = vm.agent.read(PARAMETER).strip()
    vm.agent.sh(f"echo 0 > {PARAMETER}")
    lines = vm.agent.run(["trap_cost", str(rounds), str(COUNT)], 600).out.splitlines()
    vm.agent.sh(f"echo {ahead} > {PARAMETER}")
    rows = []
    for kind, name in TRAPS.items():
        mine = [said(line) for line in lines if line.startswith(f"{kind} ")]
        if len(mine) != rounds or any(line["wrong"] for line in mine):
            raise LabError(f"trap_cost: {lines[-1:]}")
        if not any(line["signals"] for line in mine):
            print(f"bench_emulator: under {accel()} nothing traps: what CPUID hides executes",
                  file=sys.stderr)
            return []
        if any(line["signals"] != 2 * COUNT for line in mine):
            raise LabError(f"trap_cost: not each of {COUNT} by two handlers: {lines[-1:]}")
        ways = {way: [line[way] for line in mine]
                for way in ("module", "library", "nothing", "again")}
        noise = noise_of(ways["module"], ways["again"])
        rows += [compare(name, f"libisahp's handler ({accel()})",
                         (ways["module"], ways["library"]), noise, GOAL_TRAP),
                 compare(name, f"an empty handler ({accel()})",
                         (ways["module"], ways["nothing"]), noise, None)]
    return rows


# --- loops in the guest -----------------------------------------------------------

def lost_loops(vm: Vm, rounds: int, wanted: list[str]) -> list[Figure]:
    """Whole loops: running ahead is as it is by default."""
    lines = vm.agent.run(["loop_cost", str(rounds)], 900).out.splitlines()
    if results(lines) != wanted:
        raise LabError(f"loop_cost: {results(lines)}, not {wanted}")
    rows = []
    for name in dict.fromkeys(line.split(":")[0] for line in lines):
        mine = [said(line) for line in lines if line.startswith(f"{name}: ahead")]
        ways = {way: [line[way] for line in mine]
                for way in ("ahead", "alone", "library", "again")}
        noise = noise_of(ways["ahead"], ways["again"])
        rows += [compare(f"{name}, by the module", f"{peer} ({accel()})",
                         (ways["ahead"], ways[way]), noise, None, "us")
                 for way, peer in (("alone", "a trap for each"),
                                   ("library", "libisahp's handler"))]
    return rows


def results(lines: list[str]) -> list[str]:
    return [line for line in lines if "result=" in line]


# --- no traps ---------------------------------------------------------------------

def plain(vm: Vm, turns: int, ms: int) -> list[Figure]:
    """With the module, and without: as often as turns, and at last with it."""
    samples: dict[bool, list[dict[str, float]]] = {True: [], False: []}
    for turn in range(2 * turns):
        loaded = turn % 2 == 0
        if turn:
            vm.agent.sh("insmod /lib/modules/isahp.ko" if loaded else "rmmod isahp")
        if loaded:
            vm.host.shim.await_vm(vm.name)
        samples[loaded].append(said(vm.agent.run(["plain_cost", str(ms)], 120).out))
    vm.agent.sh("insmod /lib/modules/isahp.ko")
    vm.host.shim.await_vm(vm.name)
    return [plain_row(work, *([s[work] for s in samples[loaded]] for loaded in (True, False)))
            for work in PLAIN]


def plain_row(work: str, loaded: list[float], unloaded: list[float]) -> Figure:
    """A/A: of two times that the module was there, or not there, in a row."""
    noise = max(noise_of(ns[0::2], ns[1::2]) for ns in (loaded, unloaded))
    return compare(PLAIN[work], f"without the module ({accel()})", (loaded, unloaded), noise,
                   1 + noise)


# --- the guest ----------------------------------------------------------------------

def guest(test: e2e.Test, quick: bool) -> list[Figure]:
    rich, poor = test.host("rich", cpus.RICH), test.host("poor", POOR)
    # The kernel would otherwise use POPCNT itself, and refuse to lose it.
    with test.vm(clear=("popcnt",), cmdline=NO_PTI) as vm:
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        rows = plain(vm, 4 if quick else 24, 10 if quick else 200)
        wanted = results(vm.agent.run(["loop_cost", "0"]).out.splitlines())
        vm.move(poor)
        trapped = traps(vm, 20 if quick else 600)
        if trapped:
            trapped += lost_loops(vm, 5 if quick else 200, wanted)
        return rows + trapped


def guest_part(quick: bool) -> list[Figure]:
    test = e2e.Test("bench_emulator")
    try:
        rows = guest(test, quick)
    except Skip as why:
        print(f"bench_emulator: no guest: {why}", file=sys.stderr)
        return []
    except LabError:
        test.show_logs()
        raise
    finally:
        test.end()
    print(f"guest: {os.environ.get('ISAHP_GUEST_KERNEL') or 'default'} kernel, 2 CPUs; "
          f"accelerator: {accel()}")
    print(header(SUITE))
    for row in rows:
        print(row)
    return rows


def run(arguments: argparse.Namespace) -> int:
    rows: list[dict] = []
    for name in LOOPS if arguments.loops else ():
        rows += loops(name, arguments.quick)
        print(flush=True)
    if arguments.guest:
        rows += [row.to_json() for row in guest_part(arguments.quick)]
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0


def main() -> int:
    arguments = parse_arguments()
    return run_to_end("bench_emulator", lambda: run(arguments))


if __name__ == "__main__":
    sys.exit(main())
