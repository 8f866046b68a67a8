# SPDX-License-Identifier: MIT
"""./dev bench: every benchmark of the project behind one command.

A benchmark is a program in the build folder named bench_SUITE. It prints a
table for people and, with --json FILE, writes an array of objects
{suite, name, value, unit, peer, ratio, goal, met}.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

FIELDS = {"suite", "name", "value", "unit", "peer", "ratio", "goal", "met"}


def find_suites(build: Path) -> dict[str, Path]:
    return {p.name.removeprefix("bench_"): p
            for p in sorted((build / "bin").glob("bench_*")) if os.access(p, os.X_OK)}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./dev bench",
        description="Run benchmarks. Figures are ratios to a peer measured in the same run; "
                    "nothing here passes or fails by time.")
    parser.add_argument("suite", nargs="*", help="suites to run; without one: all of them")
    parser.add_argument("--json", metavar="FILE", type=Path,
                        help="also write all results as one JSON array")
    parser.add_argument("--list", action="store_true", help="name the suites")
    parser.add_argument("--build", metavar="DIR", type=Path, default=Path("build/release"),
                        help="build folder (default: %(default)s)")
    return parser.parse_args()


def run_suite(name: str, program: Path, scratch: Path) -> list[dict]:
    results = scratch / f"{name}.json"
    print(f"== {name}", flush=True)
    subprocess.run([program, "--json", results], check=True)
    rows = json.loads(results.read_text())
    for row in rows:
        if set(row) != FIELDS:
            raise ValueError(f"{name}: a row's fields are {sorted(row)}, not {sorted(FIELDS)}")
    return rows


def main() -> int:
    arguments = parse_arguments()
    suites = find_suites(arguments.build)
    if arguments.list:
        print("\n".join(suites))
        return 0
    for name in arguments.suite:
        if name not in suites:
            print(f"dev bench: there is no suite '{name}'; there are: {', '.join(suites)}",
                  file=sys.stderr)
            return 2
    rows: list[dict] = []
    with tempfile.TemporaryDirectory() as scratch:
        for name in arguments.suite or suites:
            try:
                rows += run_suite(name, suites[name], Path(scratch))
            except (subprocess.CalledProcessError, OSError, ValueError) as error:
                print(f"dev bench: {name}: {error}", file=sys.stderr)
                return 1
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")
        print(f"{len(rows)} results in {arguments.json}")
    missed = [row for row in rows if row["met"] is False]
    for row in missed:
        print(f"goal missed: {row['suite']}: {row['name']}: {row['ratio']} (goal {row['goal']})")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
