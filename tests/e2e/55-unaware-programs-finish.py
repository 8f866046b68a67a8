#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs as Debian has them, on libraries that took at their start what the
boot host is best at, are at work when the guest wakes up without AVX2, BMI2, FMA,
AES and more: PID 1 goes on, and so do all of them, with the right output: text
tools, openssl, Python, libm and OpenBLAS. The same move without the module ends
PID 1, and the guest with it."""

import hashlib
import subprocess
import tempfile
import zipfile
from pathlib import Path

from lab import cpus, e2e
from lab.agent import Job
from lab.errors import GuestSplat, LabError
from lab.qemu import accel
from lab.vm import SYSFS

PROGRAMS = ("/usr/bin/gzip", "/usr/bin/openssl", "/usr/bin/perl",
            "/usr/bin/python3.11", "/usr/bin/sha256sum", "/usr/bin/sort")
OPENBLAS = "/usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblas.so.0"
GONE = ("aes", "pclmulqdq")
POOR = ",-".join((cpus.POOR, *GONE))
OPTIONS = {"glibc_as_it_is": True, "clear": GONE, "memory_mib": 768}
LINES = 1000
STOP, CONT = 19, 18
# Break-even where a trap costs what it does under TCG: some 15 us, and to emulate
# an instruction 0.7.
AHEAD = 20

# Rounds until a file is there; the move is in the middle of one.
JOBS = {
    "sort": "sort /tmp/text",
    "gzip": "gzip -9 < /tmp/text | gzip -d",
    "sha256sum": "sha256sum < /tmp/text",
    "perl": "perl -ne '$n{$_}++; END { print for sort keys %n }' /tmp/text",
}
ROUNDS = "until [ -e /tmp/enough ]; do ( {} ) | md5sum; done; ( {} ) | md5sum"

# One process each, which chose its code on rich.
CIPHER = ("enc", "-aes-256-ctr", "-K", "00" * 31 + "01", "-iv", "02" * 16)
OPENSSL = ("n=0; until [ -e /tmp/enough ]; do cat /tmp/text; n=$((n + 1)); "
           "echo $n > /tmp/fed; done | openssl %s | openssl dgst -sha256 -r"
           % " ".join(CIPHER))
PYTHON = """
import json, math, os, zlib
def one():
    numbers = [round(math.sin(n) * n ** 1.5 + math.exp(-n / 9), 6)
               for n in range(1, 60)]
    text = json.dumps({str(n): [n, "x" * (i % 70)] for i, n in enumerate(numbers)})
    back = json.loads(text)
    words = sorted(text.replace(",", " ").split(), key=lambda w: (len(w), w))
    found = sum(text.find(w) for w in words[:50])
    big = 3 ** 500 % (2 ** 521 - 1)
    return f"{zlib.crc32(text.encode()):x} {len(back)} {found} {big % 10 ** 9}"
"""
PYTHON_LOOP = PYTHON + "while True: print(one(), flush=True)\n"


def test(t: e2e.Test) -> None:
    check_control(t)
    if not Path(OPENBLAS).exists():
        raise LabError(f"missing {OPENBLAS}: install libopenblas0-pthread")
    rich, poor = t.host("rich", cpus.RICH), t.host("poor", POOR)
    with tempfile.TemporaryDirectory() as folder:
        files = (("usr/lib/python311.zip", python_library(Path(folder))),
                 ("lib/x86_64-linux-gnu/libopenblas.so.0", Path(OPENBLAS)))
        machine = {"programs": PROGRAMS, "files": files, **OPTIONS}
        with t.vm(**machine) as vm:
            vm.boot(rich)
            rich.shim.await_vm(vm.name)
            vm.agent.sh(MAKE_TEXT)
            check(t, vm, poor)


def check(t, vm, poor) -> None:
    rounds = {name: vm.agent.start(["sh", "-c", ROUNDS.format(run, run)])
              for name, run in JOBS.items()}
    loops = {
        "python3.11": vm.agent.start(["env", "PYTHONHOME=/usr", "python3.11", "-c",
                                      PYTHON_LOOP]),
        "libm_loop": vm.agent.start(["libm_loop"]),
        "gemm": vm.agent.start(["env", "OPENBLAS_CORETYPE=Haswell",
                                "OPENBLAS_NUM_THREADS=1", "gemm"]),
    }
    for job in (*rounds.values(), *loops.values()):
        wait_lines(job, 1)
    openssl = vm.agent.start(["sh", "-c", OPENSSL])
    vm.agent.sh("until [ -s /tmp/fed ]; do :; done")
    e2e.require_equal(figure(vm, "emulated"), 0, "emulated on rich")
    native = {name: job.lines()[0] for name, job in loops.items()}
    e2e.require_equal(native["python3.11"], expected_python(), "Python on rich")
    e2e.require(native["gemm"].endswith(" near"), native["gemm"])
    vm.agent.sh(f"echo {AHEAD} > /sys/module/isahp/parameters/ahead_native")
    vm.move(poor)
    t.say("moved")
    # All of them are caught in flight; to finish they get turns.
    for job in (*loops.values(), openssl):
        job.signal(STOP, group=True)
    for job in rounds.values():
        wait_lines(job, 2)
    t.say(", ".join(rounds))
    for name, job in loops.items():
        job.signal(CONT, group=True)
        wait_lines(job, 2)
        job.signal(STOP, group=True)
        t.say(name)
    openssl.signal(CONT, group=True)
    wait_listed(vm, "openssl")
    say_figures(t, vm)
    for name, job in loops.items():
        job.signal(15)
        job.signal(CONT, group=True)
        e2e.require_equal(job.wait().signal, 15, f"{name}: {job.err[-200:]}")
        e2e.require_equal(set(job.lines()), {native[name]}, f"rounds of {name}")
    vm.agent.sh(": > /tmp/enough")
    check_openssl(t, vm, openssl)
    for name, job in rounds.items():
        e2e.require_equal(job.wait(200).code, 0, name)
        e2e.require_equal(set(job.lines()), {f"{expected(name)}  -"},
                          f"sums of {name}")


def python_library(folder: Path) -> Path:
    """What Python needs of its library, as it is."""
    library = Path("/usr/lib/python3.11")
    path = folder / "python311.zip"
    with zipfile.ZipFile(path, "w") as out:
        for module in sorted([*library.glob("*.py"), *library.glob("encodings/*.py"),
                              *library.glob("collections/*.py"),
                              *library.glob("importlib/*.py"),
                              *library.glob("json/*.py"), *library.glob("re/*.py")]):
            out.write(module, module.relative_to(library))
    return path


# The lines are the same wherever they are made.
MAKE_TEXT = ("awk 'BEGIN { for (n = 0; n < %d; n++) "
             "printf \"%%d line %%d\\n\", n * 7919 %% 10007, n }' > /tmp/text" % LINES)


def text() -> bytes:
    return b"".join(b"%d line %d\n" % (n * 7919 % 10007, n) for n in range(LINES))


def expected(name: str) -> str:
    lines = text().splitlines(keepends=True)
    output = {
        "sort": b"".join(sorted(lines)),
        "gzip": text(),
        "sha256sum": hashlib.sha256(text()).hexdigest().encode() + b"  -\n",
        "perl": b"".join(sorted(set(lines))),
    }[name]
    return hashlib.md5(output).hexdigest()


def expected_python() -> str:
    done = subprocess.run(["/usr/bin/python3.11", "-c", PYTHON + "print(one())"],
                          capture_output=True, text=True, check=True)
    return done.stdout.strip()


def check_openssl(t, vm, job: Job) -> None:
    """The whole stream, which began on rich."""
    e2e.require_equal(job.wait(200).code, 0, f"openssl: {job.err[-200:]}")
    fed = int(vm.agent.read("/tmp/fed"))
    done = subprocess.run(["openssl", *CIPHER], input=text() * fed,
                          capture_output=True, check=True)
    e2e.require_equal(job.lines()[-1].split()[0],
                      hashlib.sha256(done.stdout).hexdigest(), "openssl's digest")
    t.say(f"openssl: {fed * len(text())} bytes by AES and SHA-256")


def wait_lines(job: Job, more: int) -> None:
    seen = len(job.lines())
    job.agent.wait(lambda: len(job.lines()) >= seen + more or job.end is not None,
                   200, f"more rounds of {job.argv}")
    e2e.require(job.end is None, f"{job.argv} ended: {job.end}: {job.err[-300:]}")


def wait_listed(vm, name: str) -> None:
    vm.agent.sh(f'until case "$(cat {SYSFS}/undefined/processes)" in *" {name}"*) ;; '
                "*) false ;; esac; do sleep 0.02; done", 200)


def figure(vm, name: str) -> int:
    return int(vm.isahp(f"figures/undefined_{name}"))


def say_figures(t, vm) -> None:
    """By name: traps, instructions, nanoseconds."""
    listed: dict[str, list[int]] = {}
    features = set()
    for line in vm.isahp("undefined/processes").splitlines():
        words = line.split()
        if words[0] == "and":
            continue
        of = listed.setdefault(words[6], [0, 0, 0])
        for n in range(3):
            of[n] += int(words[2 + n])
        if words[0] == "1":
            features.add(words[1])
    e2e.require("avx2" in features, f"PID 1 executed {features}")
    for name in ("python3.11", "libm_loop", "gemm", "openssl"):
        e2e.require(name in listed, f"{name} executed nothing that has gone")
    for name, (traps, instructions, ns) in sorted(listed.items()):
        t.say(f"{name}: {traps} traps, {instructions / traps:.0f} instructions each, "
              f"{ns // instructions} ns for one ({accel()})")
    traps, instructions = figure(vm, "emulated"), figure(vm, "instructions")
    t.say(f"all: {traps} traps, {instructions / traps:.0f} instructions each, "
          f"{figure(vm, 'native') * 100 // instructions} % of them the CPU's own, "
          f"{figure(vm, 'ns') // instructions} ns for one")


def check_control(t) -> None:
    """The kernel panics as PID 1 dies of SIGILL."""
    with t.vm("plain", cmdline="noisahp=1", glibc_as_it_is=True,
              programs=("/usr/bin/sort",)) as vm:
        vm.allow.append("traps: |Attempted to kill init|Kernel panic")
        vm.boot(t.plain_host("plain-rich", cpus.RICH))
        vm.agent.sh(MAKE_TEXT)
        try:
            vm.plain_move(t.plain_host("plain-poor", POOR))
            vm.agent.sh("sort < /tmp/text | md5sum", 20)
        except (GuestSplat, LabError) as end:
            t.say(f"without the module: {str(end)[:120]}")
        else:
            raise AssertionError("it lives without the module")
        said = vm.console_text()
        e2e.require("Attempted to kill init" in said, said[-300:])
        vm.bury()


e2e.main(test)
