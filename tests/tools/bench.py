#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""./dev bench: the suites of the library, the emulator and the policy engine have every row
that their goals are for, with the peer of each; their tables name what executes
them and the noise floor; each verdict is what ratio and goal say; a counter that
two threads share is seen to be written by both; unknown suites are refused. And
with --guest instead: so has the emulator's part that is measured in a guest, whose
rows name their accelerator.

Usage: bench.py BUILD_DIR [--guest]
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from lab.qemu import accel

FIELDS = {"suite", "name", "value", "unit", "peer", "peer_value", "ratio", "goal", "goal_is",
          "met", "noise", "verdict", "samples"}

# How a row begins, and its peer: every one has a goal, where there is hardware.
ROWS = [
    ("call, callee of 1-2 ns", "function pointer"),
    ("call, callee of 20 ns", "function pointer"),
    ("call, callee of 200 ns", "function pointer"),
    ("call into another object, -z now", "ifunc through PLT"),
    ("call into another object, -z lazy", "ifunc through PLT"),
    ("call, callee of 1-2 ns", "liburcu-memb as linked"),
    ("two threads' scaling", "function pointer"),
    ("cache lines that two callers both write", "one counter"),
    ("swap, one busy reader p50", "one membarrier p50"),
    ("swap, one busy reader p50", "urcu-memb synchronize_rcu p50"),
    ("swap, 50 ms kernel not removed p50", "one membarrier p50"),
    ("swap, 64 busy, no privilege p50", "urcu-memb synchronize_rcu p50"),
    ("swap p50, 10 of 10,000 operations", "10 operations p50"),
    ("swap p50, a registered idle thread adds", "one membarrier p50"),
]

EMULATOR_ROWS = [
    ("decode, libc.so.6", "Zydis"),
    ("decode, libcrypto.so.3", "Zydis"),
    ("decode, libm.so.6", "Zydis"),
    ("decode, libopenblas.so.0", "Zydis"),
    ("glibc's strlen of AVX2", "qemu-x86_64 -cpu max"),
    ("a dot product by FMA", "qemu-x86_64 -cpu max"),
    ("POPCNT and BLSR", "qemu-x86_64 -cpu max"),
    ("AES-128's rounds", "qemu-x86_64 -cpu max"),
    ("glibc's strlen of AVX2, signals", "run ahead"),
    ("a dot product by FMA, signals", "run ahead"),
    ("POPCNT and BLSR, signals", "run ahead"),
    ("AES-128's rounds, signals", "run ahead"),
]

GUEST_ROWS = [
    (name, f"{peer} ({accel()})") for name, peer in (
        ("a trap, MOVBE from memory", "libisahp's handler"),
        ("a trap, PEXT", "libisahp's handler"),
        ("a trap, VPADDB of YMM", "libisahp's handler"),
        ("never traps: SHA-256, a block", "without the module"),
        ("never traps: a system call", "without the module"),
        ("never traps: sorting, a number", "without the module"),
        ("never traps: two switches of process", "without the module"))
]

POLICY_ROWS = [
    ("a host, merged with 9,999", "with 99"),
    ("a host, merged", "its profile, parsed"),
    ("a VM, admitted", "the host's profile, parsed"),
    ("a plan, 1,000 hosts x 20,000 VMs", "100 hosts x 2,000 VMs"),
    ("no two alike: 200 hosts x 400 VMs", "20 hosts x 40 VMs"),
]


def bench(build: str, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "bench", "--build", build, *arguments],
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)


def check_verdict(row: dict) -> None:
    if row["goal"] is None:
        assert row["met"] is None and row["verdict"] is None, row
        return
    most = row["goal_is"] == "at most"
    met = row["ratio"] <= row["goal"] if most else row["ratio"] >= row["goal"]
    inside = row["goal"] > 0 and abs(row["ratio"] / row["goal"] - 1) <= (row["noise"] or 0)
    words = ("met" if met else "missed") + (", inside the noise" if inside else "")
    assert row["met"] == met and row["verdict"] == words, row


def check_rows(rows: list[dict], emulated: bool, suite: str,
               wanted: list[tuple[str, str]]) -> None:
    for name, peer in wanted:
        found = [r for r in rows if (r["name"], r["peer"]) == (name, peer)]
        assert len(found) == 1, f"{name} / {peer}: {len(found)} rows"
        assert emulated or found[0]["goal"] is not None, found[0]
    for row in rows:
        assert set(row) == FIELDS, f"fields: {sorted(row)}"
        assert row["suite"] == suite
        assert (row["peer"] is None) == (row["ratio"] is None)
        check_verdict(row)


def check_lines(rows: list[dict]) -> None:
    lines = next(r for r in rows if r["peer"] == "one counter")
    assert lines["value"] == 0 and lines["peer_value"] == 1, lines


def run(build: str, suite: str, results: Path, wanted: list[tuple[str, str]]) -> list[dict]:
    done = bench(build, suite, "--quick", "--json", str(results))
    print(done.stdout)
    assert done.returncode == 0, f"exit {done.returncode}"
    assert "accelerator: " in done.stdout and "A/A noise floor: " in done.stdout
    rows = json.loads(results.read_text())
    check_rows(rows, "(emulated" in done.stdout, suite, wanted)
    return rows


def check_library(rows: list[dict]) -> None:
    found = {row["name"] for row in rows if row["peer"] == "run ahead, no signals"}
    wanted = {name.replace(", signals", ", libisahp")
              for name, peer in EMULATOR_ROWS if peer == "run ahead"}
    assert found == wanted, found


def check(build: str, results: Path) -> None:
    listed = bench(build, "--list").stdout.split()
    assert {"emulator", "library", "mathlib", "policy"} <= set(listed), f"suites: {listed}"
    check_lines(run(build, "library", results, ROWS))
    check_library(run(build, "emulator", results, EMULATOR_ROWS))
    run(build, "policy", results, POLICY_ROWS)
    refused = bench(build, "no-such-suite")
    assert refused.returncode == 2 and "library" in refused.stdout, refused.stdout


def check_guest(build: str, results: Path) -> None:
    done = subprocess.run([f"{build}/bin/bench_emulator", "--guest", "--quick",
                           "--json", str(results)], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    print(done.stdout)
    assert done.returncode == 0, f"exit {done.returncode}"
    assert f"accelerator: {accel()}" in done.stdout
    rows = json.loads(results.read_text())
    check_rows(rows, False, "emulator", GUEST_ROWS)
    assert all(row["peer"].endswith(f"({accel()})") for row in rows), rows
    for loop in ("a dot product by FMA", "POPCNT and BLSR", "AES-128's rounds"):
        peers = {row["peer"] for row in rows if row["name"] == f"{loop}, by the module"}
        assert peers == {f"a trap for each ({accel()})", f"libisahp's handler ({accel()})"}, peers


def main() -> int:
    what = check_guest if sys.argv[2:] == ["--guest"] else check
    with tempfile.TemporaryDirectory() as scratch:
        try:
            what(sys.argv[1], Path(scratch) / "results.json")
        except AssertionError as error:
            print(f"FAILED: {error}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
