#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A guest is put back to an earlier snapshot. What it acknowledged in the time
that did not happen counts for nobody: not for the isahpd that heard it, not for
another one to which the guest still owes the answer, and not where QEMU goes
back in place and neither the epoch nor the CPU changes."""

import signal
import threading
import time

from lab import cpus, e2e
from lab.errors import LabError

MUTE_AT_MOST_S = 30


def test(t: e2e.Test) -> None:
    rich = t.host("rich", cpus.RICH)
    other = t.host("other", cpus.RICH)
    with t.vm() as vm:
        vm.boot(rich)
        rich.shim.await_vm(vm.name)
        old = t.folder / "old"
        vm.save(old)
        vm.restore(old, rich)
        rich.shim.await_vm(vm.name)

        heard_by_this_shim(t, vm, rich, old)
        owed_to_another(t, vm, rich, other)
        in_place(t, vm, other)


def usable(vm) -> bool:
    return "avx2" in vm.isahp("usable").split()


def heard_by_this_shim(t, vm, rich, old) -> None:
    rich.shim.ctl("prepare", vm.name, "--remove", "avx2")
    e2e.require(not usable(vm), "avx2 after the acknowledgement")
    e2e.require_equal(rich.shim.show(vm.name)["phase"], "quiesced", "phase")
    vm.lose()
    vm.rewind(old, rich)
    shown = rich.shim.await_vm(vm.name)
    e2e.require_equal((shown["phase"], shown["answer"]["sequence"]),
                      ("steady", shown["record"]["sequence"]),
                      "phase and sequence that was answered")
    e2e.require(usable(vm), "avx2 after the rollback")
    t.say("back to before the PREPARE: isahpd does not believe the old answer")


def owed_to_another(t, vm, rich, other) -> None:
    """The guest acknowledges while its isahpd is deaf, and is saved."""
    laggard = vm.agent.start(["isahp_probe", "register", "avx2", "--never"])
    laggard.wait_line(lambda line: line.startswith("ready"))
    rich.shim.start("prepare", vm.name, "--remove", "avx2", "--deadline",
                    "60000")
    laggard.wait_line(lambda line: "type=prepare" in line)
    mute(rich)
    laggard.signal(signal.SIGKILL)
    vm.wait_isahp("phase", "quiesced")
    owing = t.folder / "owing"
    vm.save(owing, after=lambda: rich.shim.process.signal(signal.SIGCONT))
    vm.restore(owing, other)
    shown = other.shim.await_vm(vm.name)
    e2e.require_equal((shown["phase"], shown["answer"]["sequence"]),
                      ("steady", shown["record"]["sequence"]),
                      "phase and sequence that was answered")
    e2e.require_equal(shown["stats"]["acks"], 1, "answers that counted")
    vm.wait_isahp("phase", "steady")
    e2e.require(usable(vm), "avx2 on the other host")
    t.say("an answer that was owed to another isahpd is believed by nobody")


def mute(host) -> None:
    host.shim.process.signal(signal.SIGSTOP)
    # Whatever comes, the end of the test speaks to it.
    timer = threading.Timer(MUTE_AT_MOST_S, host.shim.process.signal,
                            [signal.SIGCONT])
    timer.daemon = True
    timer.start()


def in_place(t, vm, host) -> None:
    """QEMU goes back by itself: the same epoch, the same CPU, no sign at all
    for the guest."""
    make_room(vm, t.folder / "snapshots.qcow2")
    snapshot(vm, "save")
    host.shim.await_vm(vm.name)
    answer = host.shim.ctl("prepare", vm.name, "--remove", "avx2")
    e2e.require_equal(vm.isahp("phase"), "quiesced", "phase")
    vm.agent.close()
    snapshot(vm, "load")
    # isahpd asks once more, and it is the guest of now that answers.
    t.say(f"record {answer['sequence']} was acknowledged, then undone")
    deadline = time.monotonic() + 30
    while True:
        shown = host.shim.show(vm.name)
        if shown["answer"]["sequence"] > answer["sequence"] and \
                shown["answer"]["verdict"] == "ack":
            break
        e2e.require(time.monotonic() < deadline,
                    f"isahpd believes the old answer: {shown['answer']}")
        vm.check()
    e2e.require_equal((shown["record"]["type"], shown["phase"]),
                      ("prepare", "quiesced"), "record and phase")
    lines = [line for line in vm.console_text().splitlines()
             if "isahp: prepare, sequence" in line]
    e2e.require(f"sequence {shown['record']['sequence']}" in lines[-1],
                f"the guest has not seen the new record: {lines[-1]}")
    t.say(f"asked again as record {shown['record']['sequence']}, acknowledged")


def make_room(vm, path) -> None:
    """A qcow2 image for snapshots of the running QEMU, made by itself."""
    size = 1 << 20
    job(vm, "blockdev-create", options={
        "driver": "file", "filename": str(path), "size": 0})
    vm.body.qemu.qmp.execute("blockdev-add", **{
        "driver": "file", "node-name": "room-file", "filename": str(path)})
    job(vm, "blockdev-create", options={
        "driver": "qcow2", "file": "room-file", "size": size})
    vm.body.qemu.qmp.execute("blockdev-add", **{
        "driver": "qcow2", "node-name": "room", "file": "room-file"})


def snapshot(vm, verb: str) -> None:
    job(vm, f"snapshot-{verb}", tag="before", vmstate="room", devices=["room"])


def job(vm, command: str, **arguments) -> None:
    """A command of QEMU's that is a job, to its end."""
    qmp = vm.body.qemu.qmp
    qmp.execute(command, **{"job-id": "lab"}, **arguments)
    deadline = time.monotonic() + 60
    while True:
        state = [j for j in qmp.execute("query-jobs") if j["id"] == "lab"][0]
        if state["status"] == "concluded":
            break
        if time.monotonic() > deadline:
            raise LabError(f"{command}: still {state['status']}")
        time.sleep(0.02)
    qmp.execute("job-dismiss", id="lab")
    e2e.require("error" not in state, f"{command}: {state.get('error')}")


e2e.main(test)
