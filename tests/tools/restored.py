#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""./dev bench restored, in a hurry: each function of mathlib has its rows; each
verdict is what ratio, goal and noise say. What a day comes to is checked on days
that are made up. An isahp that is kept on SSE2 is seen to restore nothing. Bad
arguments, a missing gnuplot, and Ctrl-C are dealt with.

Usage: restored.py BUILD_DIR
"""

import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

del sys.path[0]  # this folder has a bench.py of its own

from bench.restored.day import Day, Host, Stage, Stay, course, hosts
from bench.restored.figures import Line, evaluate, exchange
from lab.errors import LabError

MS = 1e6
FLAGS = Path("/proc/cpuinfo").read_text().split("flags", 1)[1].split("\n", 1)[0].split()
POOL = hosts(set(FLAGS))
HOME, LESSER = POOL[-1].name, [host.name for host in POOL[:-1]]


def bench(build: str, *arguments: str, **more: str) -> subprocess.CompletedProcess:
    return subprocess.run([f"{build}/bin/bench_restored", *arguments], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          env={**os.environ, **more})


# --- days that are made up ----------------------------------------------------

def stay(host: str, best: float, isahp: float, again: float = 1, masked: float = 400,
         first: tuple[float, float] | None = None, same: float | None = None) -> Stay:
    """Nanoseconds of a call; `again` in shares of the best's; `first` calls, and
    milliseconds that they took."""
    row = [0.0, best, best * again, isahp, masked, same or best]
    calls, took_ms = first or (1000, 1000 * isahp / MS)
    return Stay(host=host, arrived=first is not None, lasted_ms=1000, best="wide", on="wide", heard_ns=0,
                done_ns=2 * MS, first_calls=calls, first_ns=took_ms * MS, lost_ns=0, lost_all_ns=0,
                rounds=[list(row) for _ in range(30)], trace=[])


def made_up(*stays: Stay) -> Line:
    day = Day("f", "GB/s", 1000, "narrow", {}, list(stays))
    return evaluate(day, "rich", True)


def check_arithmetic() -> None:
    # Ten times slower for 20 of 1,000 ms, then as fast as the best.
    line = made_up(stay("rich", 100, 100), stay("poor", 400, 400, first=(1000, 0.4)),
                   stay("rich", 100, 100, first=(20e3, 20)))
    assert line.restored.ratio == 0.982 and not line.restored.met, line.restored
    assert line.first.ratio == 0.1, line.first
    assert line.masked.ratio == 0.25 and line.masked.value == 2.5, line.masked
    assert line.on["poor"].met and line.on["poor"].ratio == 1, line.on
    assert line.steady.ratio == 1 and line.steady.verdict == "met", line.steady
    # One percent slower all the time, but not than what it is on; noise 0.1 %.
    line = made_up(stay("rich", 100, 101, again=1.001, same=101),
                   stay("rich", 100, 101, again=1.001, same=101, first=(1000, 0.101)))
    assert line.restored.verdict == "missed" and line.steady.verdict == "met", line
    assert abs(line.restored.noise - 0.001) < 1e-5, line.restored
    # The same where the machine is noisier than that.
    line = made_up(stay("rich", 100, 101, again=1.03),
                   stay("rich", 100, 101, again=1.03, first=(1000, 0.101)))
    assert line.restored.verdict == "missed, inside the noise", line.restored
    assert line.steady.verdict == "missed, inside the noise", line.steady
    took = exchange([line.day])
    assert took[0].value == 2 and took[0].samples == 1, took


def check_course() -> None:
    names = [Host(name, "") for name in ("a", "b", "c")]
    for pool in (names, names[:2]):
        way = course(pool)
        assert way[0] == way[-1] == pool[-1] and set(way) == set(pool), way
        assert all(one != next_one for one, next_one in zip(way, way[1:])), way
        assert all(way[1:].count(host) == 3 for host in pool), way
    assert [h.name for h in hosts({"avx2", "fma", "avx512f"})] == ["SSE2", "AVX2", "AVX-512"]
    assert [h.name for h in hosts({"avx2", "fma"})] == ["SSE2", "AVX2"]


# --- the benchmark itself -------------------------------------------------------

def check_row(row: dict) -> None:
    if row["goal"] is None:
        assert row["met"] is None and row["verdict"] is None, row
        return
    met = row["ratio"] >= row["goal"]
    inside = abs(row["ratio"] / row["goal"] - 1) <= row["noise"]
    assert row["verdict"] == ("met" if met else "missed") + (
        ", inside the noise" if inside else ""), row
    assert row["met"] == met and row["goal_is"] == "at least", row
    assert abs(row["value"] / row["peer_value"] / row["ratio"] - 1) < 1e-3, row


def check_all(build: str, out: Path) -> None:
    results = out / "all.json"
    done = subprocess.run([sys.executable, "-m", "bench", "--build", build, "restored",
                           "--quick", "--json", str(results)], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    print(done.stdout)
    assert done.returncode == 0, f"exit {done.returncode}"
    assert "accelerator: " in done.stdout and "A/A noise floor: " in done.stdout
    rows = json.loads(results.read_text())
    functions = {row["name"].split(":")[0] for row in rows if row["peer"]}
    assert {"sgemm", "sdot", "saxpy"} <= functions, functions
    kinds = ["restored", "restored, first 1,000 calls", "steady", "masked for life",
             *(f"on {host}" for host in LESSER)]
    names = [row["name"] for row in rows]
    for function in functions:
        for kind in kinds:
            assert names.count(f"{function}: {kind}") == 1, f"{function}: {kind}"
    for row in rows:
        check_row(row)
    for suffix, begins in (("svg", b"<?xml"), ("png", b"\x89PNG")):
        picture = Path(build) / "restored" / f"restored.{suffix}"
        assert picture.read_bytes().startswith(begins), picture


def ratio(results: Path, name: str) -> float:
    return next(row["ratio"] for row in json.loads(results.read_text()) if row["name"] == name)


def check_control(build: str, out: Path) -> None:
    """What does not follow the host is not taken for what does."""
    if len(POOL) < 2:
        return
    done = bench(build, "--quick", "--out", str(out), "--json", str(out / "kept.json"),
                 "sgemm", ISAHP_FORCE="ml_sgemm=sse2")
    assert done.returncode == 0, done.stdout
    kept = ratio(out / "kept.json", "sgemm: restored")
    assert kept < 0.8, f"kept on SSE2, sgemm is at {kept} of the native best"
    assert "restored" in done.stdout and "!" in done.stdout.split("\n")[3], done.stdout


def check_no_gnuplot(build: str, out: Path) -> None:
    programs = out / "bin"
    programs.mkdir()
    (programs / "setpriv").symlink_to("/usr/bin/setpriv")
    done = subprocess.run([sys.executable, "-m", "bench.restored", "--quick", "--out", str(out),
                           "sdot"], text=True, check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT,
                          env={**os.environ, "PATH": str(programs),
                               "ISAHP_BUILD_DIR": str(Path(build).resolve())})
    assert done.returncode == 0 and "no picture: gnuplot is missing" in done.stdout, done.stdout
    assert not (out / "restored.png").exists(), "a picture of an earlier run"


def check_refusals(build: str, out: Path) -> None:
    done = bench(build, "--quick", "--out", str(out), "no-such")
    assert done.returncode == 1 and "no function 'no-such'" in done.stdout, done.stdout
    done = bench(build, "--speed")
    assert done.returncode == 2 and "--speed" in done.stdout, done.stdout
    done = bench(build, "--quick", "--out", "/dev/null/here", "sdot")
    assert done.returncode == 1 and "bench_restored: " in done.stdout, done.stdout
    assert "Traceback" not in done.stdout, done.stdout


def check_worker(build: str, out: Path) -> None:
    """What it is told wrongly it refuses, and ends."""
    for words in ("begin no-such 10", "begin sdot 0", "stay -1 10", "what", ""):
        with Stage(out, POOL) as stage:
            try:
                said = stage.ask(words)
            except LabError as error:
                assert os.strerror(errno.EINVAL) in str(error), error
            else:
                raise AssertionError(f"{words!r}: {said}")
    alone = subprocess.run([f"{build}/bin/mathlib_restored", "", ""], check=False, text=True,
                           input="poorest\n", stdout=subprocess.PIPE,
                           env={**os.environ, "ISAHP_LOOPBACK": str(out / "nowhere.sock")})
    assert alone.returncode == 1 and "start" in json.loads(alone.stdout)["error"], alone
    for cpus in ((), ("0",), ("-1", ""), ("0x", ""), ("99999", "")):
        refused = subprocess.run([f"{build}/bin/mathlib_restored", *cpus], check=False,
                                 stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert refused.returncode == 2, cpus


def of_session(session: int) -> list[str]:
    """Programs of this project's that descend from a run, by its environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"RESTORED_TEST={session}".encode() in (folder / "environ").read_bytes():
                found.append((folder / "comm").read_text().strip())
        except OSError:
            pass
    return found


def check_interrupt(build: str, out: Path) -> None:
    mark = os.getpid()
    run = subprocess.Popen([f"{build}/bin/bench_restored", "--out", str(out)], text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           env={**os.environ, "RESTORED_TEST": str(mark)})
    while "mathlib_restore" not in of_session(mark):  # 15 bytes are what a comm has
        assert run.poll() is None, run.communicate()[0]
    run.send_signal(signal.SIGINT)
    said = run.communicate(timeout=60)[0]
    assert run.returncode == 130 and "interrupted" in said and "Traceback" not in said, said
    assert not of_session(mark), of_session(mark)


def main() -> int:
    build = sys.argv[1]
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch)
        try:
            check_arithmetic()
            check_course()
            check_all(build, out)
            check_control(build, out)
            check_no_gnuplot(build, out)
            check_refusals(build, out)
            check_worker(build, out)
            check_interrupt(build, out)
        except AssertionError as error:
            print(f"FAILED: {error}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
