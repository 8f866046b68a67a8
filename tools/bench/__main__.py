# SPDX-License-Identifier: MIT
"""./dev bench: every benchmark of the project behind one command.

A benchmark is a program in the build folder named bench_SUITE. It prints a
table for people and, with --json FILE, writes an array of objects
{suite, name, value, unit, peer, ratio, goal, met}, and as far as it knows them
peer_value, goal_is ("at least", "at most"), noise, verdict and samples.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

FIELDS = {"suite", "name", "value", "unit", "peer", "ratio", "goal", "met"}
OPTIONAL = {"peer_value", "goal_is", "noise", "verdict", "samples"}


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
    parser.add_argument("--quick", action="store_true",
                        help="be done in seconds where a suite can: shows that it works, "
                             "not how fast it is")
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
        if not FIELDS <= set(row) <= FIELDS | OPTIONAL:
            raise ValueError(f"{name}: a row's fields are {sorted(row)}")
        for field in OPTIONAL:
            row.setdefault(field, None)
    return rows


def say_goals(rows: list[dict]) -> None:
    goals = [row for row in rows if row["goal"] is not None]
    missed = [row for row in goals if not row["met"]]
    for row in missed:
        sign = "<=" if row["goal_is"] == "at most" else ">="
        noise = ", inside the noise" if "inside" in (row["verdict"] or "") else ""
        print(f"goal missed{noise}: {row['suite']}: {row['name']} / {row['peer']}: "
              f"{row['ratio']:.4g}, goal {sign} {row['goal']:.4g}")
    if goals:
        print(f"{len(goals) - len(missed)} of {len(goals)} goals met")


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
    if arguments.quick:
        os.environ["ISAHP_BENCH_QUICK"] = "1"
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
    say_goals(rows)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
