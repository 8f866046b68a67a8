#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The line to the guest's agent, without a guest: the agent runs on a pty, and
what passes is torn, lost and cut off as a moving VM does it. Prints its seed;
ISAHP_SEED repeats a run."""

import os
import pty
import random
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import tty
import unittest

from lab.agent import Agent, End
from lab.link import decode, encode, escape, unescape
from lab.paths import build_dir

SEED = int(os.environ.get("ISAHP_SEED", random.SystemRandom().randrange(1 << 32)))
COUNTER = "i=0; while [ $i -lt %d ]; do i=$((i+1)); echo $i; done"


class Line:
    """Carries bytes between a pty and the socket of the day, and loses some:
    `loss` is the chance for each chunk to be torn."""

    def __init__(self, rng: random.Random, loss: float):
        self.rng = rng
        self.loss = loss
        self.torn = 0
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        # With both directions full each end would wait for the other: what does
        # not fit is lost.
        os.set_blocking(self.master, False)
        # Opened by no one else: keeps the pty alive over the agent's open.
        self.slave = slave
        self.ours, self.theirs = socket.socketpair()
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def path(self) -> str:
        return os.ttyname(self.slave)

    def move(self) -> socket.socket:
        """As a migration: the old socket ends, with bytes under way."""
        old = self.ours
        self.ours, self.theirs = socket.socketpair()
        old.close()
        return self.theirs

    def mangle(self, data: bytes) -> bytes:
        if self.rng.random() >= self.loss:
            return data
        self.torn += 1
        at = self.rng.randrange(len(data))
        kind = self.rng.randrange(3)
        if kind == 0:
            return data[:at]
        if kind == 1:
            return data[:at] + bytes([data[at] ^ 1 << self.rng.randrange(8)]
                                     ) + data[at + 1:]
        return data + data[at:]

    def serve(self) -> None:
        while not self.stop.is_set():
            ours = self.ours
            try:
                ready, _, _ = select.select([self.master, ours], [], [], 0.1)
                if self.master in ready:
                    ours.sendall(self.mangle(os.read(self.master, 512)))
                if ours in ready:
                    data = ours.recv(512)
                    if data:
                        os.write(self.master, self.mangle(data))
            except (OSError, ValueError):
                time.sleep(0.001)  # moved in between: those bytes are lost

    def close(self) -> None:
        self.stop.set()
        self.thread.join()
        os.close(self.master)
        os.close(self.slave)
        self.ours.close()


class Frames(unittest.TestCase):
    def test_escaping_is_undone(self):
        every = bytes(range(256))
        self.assertEqual(unescape(escape(every)), every)
        self.assertNotIn(b"\n", escape(every))

    def test_frames_come_back(self):
        whole = encode(b"0123abcd", 7, 5, b"out 1 1 \n\\x").strip(b"\n")
        self.assertEqual(decode(whole), (b"0123abcd", 7, 5, b"out 1 1 \n\\x"))

    def test_no_damaged_frame_is_taken(self):
        whole = encode(b"0123abcd", 7, 5, b"payload").strip(b"\n")
        for bit in range(8 * len(whole)):
            bad = bytearray(whole)
            bad[bit // 8] ^= 1 << bit % 8
            self.assertIsNone(decode(bytes(bad)), bytes(bad))
        for n in range(len(whole)):
            self.assertIsNone(decode(whole[:n]))


class AgentOnPty(unittest.TestCase):
    loss = 0.0

    def setUp(self):
        self.line = Line(random.Random(SEED), self.loss)
        self.process = subprocess.Popen(
            [str(build_dir() / "guest" / "agent"), self.line.path()])
        self.agent = Agent()
        self.agent.link.attach(self.line.theirs)
        self.agent.wait_hello(60)

    def tearDown(self):
        self.agent.close()
        self.process.kill()
        self.process.wait()
        self.line.close()

    def check_counter(self, lines: int, moves: int = 0):
        job = self.agent.start(["sh", "-c", COUNTER % lines])
        for i in range(moves):
            self.agent.wait(
                lambda: len(job.lines()) > i * lines // (moves + 1), 120,
                "lines")
            self.agent.link.attach(self.line.move())
        self.assertEqual(job.wait(120), End(code=0))
        self.assertEqual(job.lines(), [str(i + 1) for i in range(lines)])


class Clean(AgentOnPty):
    def test_command_gives_output_and_code(self):
        result = self.agent.run(["sh", "-c", "echo a; echo b >&2; exit 3"],
                                check=False)
        self.assertEqual((result.out, result.err, result.code),
                         ("a\n", "b\n", 3))

    def test_arguments_arrive_as_they_are(self):
        odd = ["", " ", "a\nb", "\\x0a", "ü", "x" * 5000]
        out = self.agent.run(["printf", "[%s]", *odd]).out
        self.assertEqual(out, "".join(f"[{a}]" for a in odd))

    def test_signal_reaches_process_or_group(self):
        job = self.agent.start(["sh", "-c", "sleep 1000; echo after"])
        job.signal(signal.SIGTERM, group=True)
        self.assertEqual(job.wait(), End(signal=signal.SIGTERM))

    def test_new_session_kills_the_jobs_of_the_old(self):
        job = self.agent.start(["sleep", "1000"])
        self.agent.close()
        self.agent = Agent()
        self.agent.link.attach(self.line.move())
        self.agent.wait_hello(60)
        self.agent.run(["sh", "-c",
                        f"while kill -0 {job.pid}; do sleep 0.01; done"])
        self.assertEqual(self.agent.run(["echo", "new"]).out, "new\n")

    def test_output_crosses_moves(self):
        self.check_counter(50000, moves=20)


class Lossy(AgentOnPty):
    loss = 0.05

    def test_nothing_is_lost_or_doubled(self):
        self.check_counter(20000, moves=10)
        self.assertGreater(self.line.torn, 10)
        self.assertGreater(self.agent.link.torn, 0)

    def test_commands_run_once(self):
        for i in range(20):
            out = self.agent.run(["echo", str(i)]).out
            self.assertEqual(out, f"{i}\n")


if __name__ == "__main__":
    print(f"seed {SEED}", file=sys.stderr)
    unittest.main()
