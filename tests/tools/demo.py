#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The demo, as short as it gets: it runs, its summary and pictures are whole, no
result is wrong, and its controls find what they are there to find.

Usage: demo.py OUT_DIR
"""

import json
import subprocess
import sys
from pathlib import Path

NUMBERS = ("calls", "wrong_results", "sigill", "swaps", "migrations", "ack_ms_p50",
           "ack_ms_p99", "ack_rounds", "calls_32bit", "wrong_32bit")
LISTS = ("downtime_ms", "downtime_ms_plain", "downtime_ms_vendor")
MOVES, ROUNDS = 2, 5
# To the other vendor and back.
VENDOR_MOVES = 2


def run(out: Path, *options: str) -> tuple[dict, list[str]]:
    """The demo's summary.json, and what it printed."""
    result = subprocess.run(
        [sys.executable, "-m", "demo", "--out", out, "--stay", "1", *options],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    print(result.stdout, flush=True)
    assert result.returncode == 0, f"the demo ended with {result.returncode}"
    lines = result.stdout.splitlines()
    assert str(out) in lines[-1], f"the last line does not name {out}: {lines[-1]}"
    for name in ("throughput.svg", "throughput.png"):
        assert (out / name).stat().st_size > 5000, f"{name} is hardly a picture"
    return json.loads((out / "summary.json").read_text()), lines


def check_demo(out: Path) -> None:
    summary, lines = run(out, "--moves", str(MOVES), "--rounds", str(ROUNDS))
    for key in NUMBERS:
        assert isinstance(summary[key], (int, float)), f"{key} is {summary[key]!r}"
    assert summary["wrong_results"] == 0 and summary["sigill"] == 0, "wrong, or SIGILL"
    assert summary["calls"] > 1000 and summary["swaps"] > 2 * MOVES, "hardly anything happened"
    assert summary["migrations"] == MOVES + VENDOR_MOVES and summary["ack_rounds"] == ROUNDS
    assert 0 < summary["ack_ms_p50"] <= summary["ack_ms_p99"]
    for key in LISTS:
        assert len(summary[key]) == MOVES, f"{key} has not one figure a move"
    served = summary["legs"]["guest"]["totals"]["served"]["sgemm"]
    assert served["avx2"] and served["sse2"], f"the guest's sgemm was served by {served}"
    check_vendor(summary, lines)
    for leg in ("guest", "native"):
        told = [line for line in lines if f"  {leg} " in line and "calls/s" in line]
        assert len(told) >= MOVES, f"few lines of the {leg} leg"


def check_vendor(summary: dict, lines: list[str]) -> None:
    """The guest was on both vendors' hosts, and its 32-bit program computed there by
    an entry that such a CPU has."""
    assert summary["wrong_32bit"] == 0 and summary["calls_32bit"] > 1000, "32-bit calls"
    by_entry = summary["calls_32bit_by_entry"]
    assert by_entry.get("sysenter"), f"none by the entry of its boot: {by_entry}"
    assert by_entry.get("int80") or by_entry.get("syscall"), f"none by another: {by_entry}"
    leg = summary["legs"]["guest"]
    abroad = [sample["entry"] for sample in leg["samples"] if sample["vendor"] == "AMD"]
    # Shown a second late: the last of a stay is right.
    assert abroad and abroad[-1] in ("int80", "syscall"), f"on AMD, entries: {abroad}"
    assert leg["samples"][-1]["entry"] == "sysenter", "not the kernel's own at home again"
    told = [line for line in lines if " AMD, 32-bit by " in line]
    assert told, "no line tells of the stay on AMD"


def check_controls(out: Path) -> None:
    summary, _ = run(out, "--without-isahp")
    bound = summary["without_isahp"]["totals"]
    assert bound["died_of_sigill_in_own_avx2_code"], f"it ended so: {bound}"
    assert summary["planted"]["counted"] == 1, "a planted wrong result was not counted"


def main() -> int:
    out = Path(sys.argv[1]).resolve()
    try:
        check_demo(out / "with")
        check_controls(out / "without")
    except AssertionError as error:
        print(f"FAILED: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
