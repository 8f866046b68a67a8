#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a user must not be able to do with /dev/isahp: write to the page, hold
up a removal for longer than its deadline, take all memory, crash the kernel by
arguments that nobody means, learn addresses or other users' processes; and what
files do that were passed on, dup'ed or inherited, and which pids are shown in a
container. Prints its seed; ISAHP_SEED repeats the fuzzer's part."""

import os
import random
import re
import signal

from lab import cpus, e2e, standin
from lab.standin import ABORT, ANNOUNCE, PREPARE

SEED = os.environ.get("ISAHP_SEED", str(random.SystemRandom().randrange(1 << 31)))
# By hand: millions. docs/testing.md.
CALLS = os.environ.get("ISAHP_FUZZ_CALLS", "100000")
AVX2 = 32
DEADLINE, VETO = 1, 2
KERNEL_POINTER = "ffff[89a-f][0-9a-f]{11}"


def test(t: e2e.Test) -> None:
    t.say(f"seed {SEED}")
    host = t.stand_in("rich", cpus.RICH)
    with t.vm() as vm:
        vm.boot(host)
        present = host.await_registered().visible
        host.await_answer(host.say(ANNOUNCE, present))
        check_program(t, vm, "page")
        check_program(t, vm, "files")
        check_who_may(vm)
        check_delay(t, vm, host, present)
        check_container(t, vm, host, present)
        check_fuzz(t, vm, host, present)
        check_no_pointers(vm)
        check_memory(t, vm)
        host.await_answer(host.say(ANNOUNCE, present))
        vm.agent.sh("rmmod isahp")


def check_program(t, vm, what: str) -> None:
    result = vm.agent.run(["isahp_hostile", what], check=False)
    lines = result.out.splitlines()
    for line in lines:
        t.say(f"{what}: {line}")
    wrong = [line for line in lines if line.startswith("WRONG")]
    e2e.require_equal((wrong, result.code, result.err), ([], 0, ""),
                      f"isahp_hostile {what}")


def check_who_may(vm) -> None:
    """Everybody may use it, unless the node's mode says otherwise; the names of
    processes are root's."""
    vm.agent.sh("mkdir -p /etc && "
                "echo root:x:0:0::/root:/bin/sh > /etc/passwd && "
                "echo user:x:12345:12345::/tmp:/bin/sh >> /etc/passwd")
    e2e.require("version=1" in vm.agent.sh("su user -c 'isahp_probe info'"),
                "a user may not ask")
    refused = vm.agent.run(["su", "user", "-c",
                            "cat /sys/class/misc/isahp/laggards"], check=False)
    e2e.require(refused.code != 0 and not refused.out, "laggards are shown")
    vm.agent.sh("chmod 600 /dev/isahp")
    refused = vm.agent.run(["su", "user", "-c", "isahp_probe info"], check=False)
    e2e.require("Permission denied" in refused.err, f"not refused: {refused}")
    vm.agent.sh("chmod 666 /dev/isahp")


def check_delay(t, vm, host, present) -> None:
    """A user who does not answer costs the deadline and is named; one who
    vetoes is named at once. The host decides what comes of it."""
    silent = vm.agent.start(["su", "user", "-c",
                             "exec isahp_probe register avx2 --never"])
    ready = silent.wait_line(lambda line: line.startswith("ready"))
    pid = int(ready.split("=")[1])
    said = host.say(PREPARE, present, standin.features(AVX2), 1000)
    answer = host.await_answer(said)
    t.say(f"silent: {answer.elapsed_ns / 1e6:.0f} ms of 1000: {answer.reason}")
    e2e.require_equal((answer.verdict, answer.reason, laggards(answer)),
                      (standin.NAK, DEADLINE, [pid]), "the answer")
    # By policy a host may go on all the same; the process loses its AVX2.
    gone = standin.without(present, standin.features(AVX2))
    host.await_answer(host.say(standin.COMMIT, gone), standin.ACK)
    e2e.require("avx2" not in vm.isahp("usable").split(), "avx2 is still usable")
    host.await_answer(host.say(ANNOUNCE, present))
    end(vm, silent)
    veto = vm.agent.start(["su", "user", "-c",
                           "exec isahp_probe register avx2 --veto"])
    ready = veto.wait_line(lambda line: line.startswith("ready"))
    said = host.say(PREPARE, present, standin.features(AVX2), 60000)
    answer = host.await_answer(said)
    e2e.require_equal((answer.verdict, answer.reason, laggards(answer)),
                      (standin.NAK, VETO, [int(ready.split("=")[1])]),
                      "the answer to a veto")
    host.await_answer(host.say(ABORT, present))
    end(vm, veto)


def laggards(answer) -> list[int]:
    listed = int.from_bytes(answer.args[56:60], "little")
    return [int.from_bytes(answer.args[64 + 24 * i:68 + 24 * i], "little")
            for i in range(listed)]


def end(vm, job) -> None:
    job.signal(signal.SIGKILL, group=True)
    job.wait()
    vm.wait_isahp("registrants", "0")


def check_container(t, vm, host, present) -> None:
    job = vm.agent.start(["isahp_hostile", "pids"])
    job.wait_line(lambda line: line == "ready inside=1")
    outer = int(job.wait_line(lambda line: line.startswith("outer"))
                .split("=")[1])
    silent = vm.agent.start(["isahp_probe", "register", "avx2", "--never"])
    silent.wait_line(lambda line: line.startswith("ready"))
    said = host.say(PREPARE, present, standin.features(AVX2), 2000)
    seen = job.wait_line(lambda line: line.startswith("inside"))
    outside = [int(line.split()[0])
               for line in vm.isahp("laggards").splitlines()]
    answer = host.await_answer(said)
    t.say(f"seen from inside: {seen}; outside: {outside}; "
          f"host: {laggards(answer)}")
    e2e.require_equal(seen, "inside pid=1 laggards=1 isahp_hostile pending",
                      "laggards in the container")
    e2e.require_equal(sorted(outside), sorted([outer, silent.pid]),
                      "laggards outside")
    e2e.require_equal(sorted(laggards(answer)), sorted([outer, silent.pid]),
                      "laggards that the host was told of")
    host.await_answer(host.say(ABORT, present))
    silent.signal(signal.SIGKILL)
    end(vm, job)


def check_fuzz(t, vm, host, present) -> None:
    job = vm.agent.start(["isahp_fuzz", "--calls", CALLS, "--seed", SEED])
    while job.end is None:
        said = host.say(PREPARE, present, standin.features(AVX2), 100)
        host.await_answer(said)
        host.await_answer(host.say(ABORT, present))
    for line in job.lines():
        t.say(line)
    e2e.require_equal(job.end.code, 0, "exit code of isahp_fuzz")
    said = re.search(r"calls=(\d+) succeeded=(\d+) wrong=0", job.out)
    e2e.require(bool(said) and int(said[2]) > int(said[1]) // 50,
                "hardly a call has come through")
    for attribute in ("registrants", "untracked", "pending"):
        vm.wait_isahp(attribute, "0")


def check_no_pointers(vm) -> None:
    shown = vm.agent.sh("cd /sys/class/misc/isahp && for f in $(find . -type f); "
                        "do echo $f $(cat $f 2> /dev/null); done; "
                        "cat /sys/module/isahp/parameters/*")
    e2e.require("usable" in shown and "registrants" in shown, "nothing is shown")
    said = "\n".join(line for line in vm.console_text().splitlines()
                     if "isahp" in line)
    leaked = re.findall(KERNEL_POINTER, shown + said)
    e2e.require_equal(leaked, [], "addresses of the kernel")


def check_memory(t, vm) -> None:
    """What one user takes is charged to the group that takes it, and ends
    there: the quota bounds registrations, the group's limit open files."""
    vm.agent.sh("mount -t cgroup2 cgroup /sys/fs/cgroup && cd /sys/fs/cgroup && "
                "echo +memory > cgroup.subtree_control && mkdir hog && "
                "echo 12M > hog/memory.max && echo 0 > hog/memory.swap.max || :")
    # The group's limit is met by the kernel's OOM killer, with a trace.
    vm.allow += ["Call Trace", "invoked oom-killer"]
    job = vm.agent.start(["sh", "-c", "echo 0 > /sys/fs/cgroup/hog/cgroup.procs; "
                          "exec isahp_hostile hog"])
    job.wait(120)
    figures = re.findall(r"files=(\d+) refused=(\d+)", job.out)
    e2e.require(bool(figures), f"no file was opened: {job.err}")
    files, refused = map(int, figures[-1])
    t.say(f"hog: {job.lines()[-1]}; ended by {job.end}; "
          + vm.agent.sh("grep -E 'oom|max' /sys/fs/cgroup/hog/memory.events")
          .replace("\n", " "))
    limit = int(vm.agent.read("/sys/module/isahp/parameters/registrations_max"))
    e2e.require(refused >= files - limit - 1000, "the quota did not hold")
    e2e.require(files < 50000, "the group's limit did not hold")
    vm.wait_isahp("registrants", "0")
    vm.agent.sh("isahp_probe selftest > /dev/null")


e2e.main(test)
