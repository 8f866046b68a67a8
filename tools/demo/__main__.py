# SPDX-License-Identifier: MIT
"""./dev demo."""

import argparse
import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from lab.runner import run_to_end

from demo import guest, native, plot
from demo.stage import Stage
from demo.timeline import Leg, percentile


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./dev demo",
        description="Live-migrate a VM between a CPU with AVX2 and one without, then to one of "
                    "another vendor and back, while a math program and a 32-bit program run in "
                    "it; then play the same natively, where speed can be seen. Ends with a "
                    "summary and a picture.")
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path("build/demo"),
                        help="where picture, summary.json and logs go (default: %(default)s)")
    parser.add_argument("--without-isahp", action="store_true",
                        help="the controls instead: the same move with the program bound to AVX2 "
                             "at start, which dies; and a wrong result that is planted, and found")
    parser.add_argument("--moves", metavar="N", type=positive, default=4,
                        help="live migrations between hosts with AVX2 and without (default: "
                             "%(default)s); two more go to the other vendor and back")
    parser.add_argument("--rounds", metavar="N", type=positive, default=200,
                        help="prepare/abort rounds to time (default: %(default)s)")
    parser.add_argument("--stay", metavar="SECONDS", type=positive, default=5,
                        help="stay on each host (default: %(default)s)")
    parser.add_argument("--only", choices=["guest", "native"], help="one leg only")
    return parser.parse_args()


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 up")
    return value


def milliseconds(values: list[float]) -> str:
    return ", ".join(f"{value:.0f}" for value in values) if values else "not measured"


def summarise(legs: dict[str, Leg]) -> dict[str, Any]:
    """summary.json: the figures that people quote, then all there is."""
    with_isahp = [legs[name].totals for name in ("guest", "native") if name in legs]
    in_guest = legs["guest"].totals if "guest" in legs else {}
    times = in_guest.get("ack_ms") or (legs["native"].totals["ack_ms"] if "native" in legs else [])
    summary: dict[str, Any] = {
        "calls": sum(t["calls"] for t in with_isahp),
        "wrong_results": sum(t["wrong"] for t in with_isahp),
        "sigill": in_guest.get("sigill", 0),
        "swaps": sum(t["swaps"] for t in with_isahp),
        "migrations": in_guest.get("migrations", 0),
        "ack_ms_p50": percentile(times, 0.5) if times else None,
        "ack_ms_p99": percentile(times, 0.99) if times else None,
        "ack_rounds": len(times),
        "downtime_ms": in_guest.get("downtime_ms", []),
        "downtime_ms_vendor": in_guest.get("downtime_ms_vendor", []),
        "calls_32bit": in_guest.get("calls_32bit", 0),
        "calls_32bit_by_entry": in_guest.get("calls_32bit_by_entry", {}),
        "wrong_32bit": in_guest.get("wrong_32bit", 0),
        "downtime_ms_plain": legs["plain"].totals["downtime_ms"] if "plain" in legs else [],
        "legs": {name: leg.to_json() for name, leg in legs.items()},
    }
    if "native" in legs:
        natively = legs["native"].totals
        summary["native_calls_per_second"] = natively["calls_per_second"]
        if natively["ack_ms"]:
            summary["native_ack_ms_p50"] = percentile(natively["ack_ms"], 0.5)
            summary["native_ack_ms_p99"] = percentile(natively["ack_ms"], 0.99)
    return summary


def show(summary: dict[str, Any]) -> None:
    rows = [("calls made, each result checked", f"{summary['calls']:,}"),
            ("wrong results", str(summary["wrong_results"])),
            ("SIGILL in the guest", str(summary["sigill"])),
            ("swaps of a code path", str(summary["swaps"])),
            ("live migrations", str(summary["migrations"]))]
    if summary["ack_rounds"]:
        rows.append(("announcement to acknowledgement",
                     f"p50 {summary['ack_ms_p50']:.1f} ms, p99 {summary['ack_ms_p99']:.1f} ms "
                     f"(n = {summary['ack_rounds']})"))
    if "native_ack_ms_p50" in summary and summary["migrations"]:
        rows.append(("the same, natively", f"p50 {summary['native_ack_ms_p50']:.1f} ms, "
                                           f"p99 {summary['native_ack_ms_p99']:.1f} ms"))
    if summary["migrations"]:
        rows.append(("downtime of the migrations, ms", milliseconds(summary["downtime_ms"])))
        rows.append(("... to the other vendor and back",
                     milliseconds(summary["downtime_ms_vendor"])))
        rows.append(("... bound to SSE2, without isahp",
                     milliseconds(summary["downtime_ms_plain"])))
        rows.append(("32-bit system calls, each checked",
                     f"{summary['calls_32bit']:,}, {summary['wrong_32bit']} wrong ("
                     + ", ".join(f"{entry} {calls:,}" for entry, calls
                                 in summary["calls_32bit_by_entry"].items()) + ")"))
    rates = summary.get("native_calls_per_second", {})
    if "sse2" in rates:
        rows.append(("natively, calls per second",
                     ", ".join(f"on {host} {rate:,.0f} ({rate / rates['sse2']:.2f} x)"
                               for host, rate in rates.items())))
    width = max(len(name) for name, _ in rows)
    print("\nSummary")
    for name, value in rows:
        print(f"  {name:<{width}}  {value}")


def demonstrate(arguments: argparse.Namespace, stage: Stage) -> int:
    legs: dict[str, Leg] = {}
    if arguments.only != "native":
        legs["guest"] = guest.with_isahp(stage, arguments.moves, arguments.rounds, arguments.stay)
        legs["plain"] = guest.plainly(stage, arguments.moves, min(arguments.stay, 2))
    if arguments.only != "guest":
        legs["native"] = native.run(stage, arguments.rounds, arguments.stay)
    summary = summarise(legs)
    write(arguments.out, summary, [legs[name] for name in ("native", "guest") if name in legs])
    show(summary)
    return 1 if summary["wrong_results"] or summary["sigill"] else 0


def control(arguments: argparse.Namespace, stage: Stage) -> int:
    bound = guest.bound_to_avx2(stage, min(arguments.stay, 3))
    planted = guest.planted(stage)
    died = bound.totals["died_of_sigill_in_own_avx2_code"]
    counted = planted["counted"] == planted["planted"] and planted["exit_code"] == 1
    write(arguments.out, {"without_isahp": bound.to_json(), "planted": planted}, [bound])
    print("\nControls")
    print(f"  bound to AVX2, moved: {bound.totals['end']}, in {bound.totals['code']} code"
          f"{'' if died else '  -- EXPECTED A SIGILL IN AVX2 CODE'}")
    print(f"  wrong results planted {planted['planted']}, counted {planted['counted']}"
          f"{'' if counted else '  -- EXPECTED 1'}")
    return 0 if died and counted else 1


def write(folder: Path, summary: dict[str, Any], legs: list[Leg]) -> None:
    (folder / "summary.json").write_text(json.dumps(summary, indent=1) + "\n")
    plot.draw(legs, folder, "throughput")


def prepare_folder(folder: Path) -> Path:
    """The folder, without what an earlier run left there; nothing else is touched."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("summary.json", "throughput.svg", "throughput.png"):
        (folder / name).unlink(missing_ok=True)
    for name in ("logs", "data"):
        shutil.rmtree(folder / name, ignore_errors=True)
    return folder


def run(arguments: argparse.Namespace) -> int:
    arguments.out = prepare_folder(arguments.out)
    with Stage(arguments.out) as stage:
        return (control if arguments.without_isahp else demonstrate)(arguments, stage)


def main() -> int:
    arguments = parse_arguments()
    began = time.monotonic()
    status = run_to_end("dev demo", lambda: run(arguments))
    print(f"({time.monotonic() - began:.0f} s) results in {arguments.out}")
    return status


if __name__ == "__main__":
    sys.exit(main())
