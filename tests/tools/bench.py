#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""./dev bench: one suite's JSON has the fields that all of them share, its table
names what executes it and the noise floor; unknown suites are refused.

Usage: bench.py BUILD_DIR
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

FIELDS = {"suite", "name", "value", "unit", "peer", "peer_value", "ratio", "goal", "goal_is",
          "met", "noise", "verdict", "samples"}


def bench(build: str, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "bench", "--build", build, *arguments],
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)


def check(build: str, results: Path) -> None:
    listed = bench(build, "--list").stdout.split()
    assert {"library", "swap", "mathlib"} <= set(listed), f"suites: {listed}"
    done = bench(build, "swap", "--json", str(results))
    print(done.stdout)
    assert done.returncode == 0, f"exit {done.returncode}"
    assert "accelerator: " in done.stdout and "A/A noise floor: " in done.stdout
    rows = json.loads(results.read_text())
    assert rows, "no results"
    for row in rows:
        assert set(row) == FIELDS, f"fields: {sorted(row)}"
        assert row["suite"] == "swap" and row["value"] > 0
        assert (row["peer"] is None) == (row["ratio"] is None)
        assert (row["goal"] is None) == (row["met"] is None)
    refused = bench(build, "no-such-suite")
    assert refused.returncode == 2 and "swap" in refused.stdout, refused.stdout


def main() -> int:
    with tempfile.TemporaryDirectory() as scratch:
        try:
            check(sys.argv[1], Path(scratch) / "results.json")
        except AssertionError as error:
            print(f"FAILED: {error}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
