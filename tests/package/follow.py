#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The examples with somebody to follow: isahpd's loopback takes features from
them and gives them back. Runs on any CPU with AVX2; each wait is for a line.

Usage: follow.py EXAMPLES ISAHPD ISAHPCTL
"""
import os
from pathlib import Path
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

EXAMPLES, ISAHPD, ISAHPCTL = (Path(p).resolve() for p in sys.argv[1:4])
PATIENCE = 30


class Following(unittest.TestCase):
    def setUp(self):
        self.dir = Path(tempfile.mkdtemp(prefix="isahp-follow-"))
        self.addCleanup(shutil.rmtree, self.dir)
        self.log = open(self.dir / "log", "w+", encoding="utf-8")
        self.addCleanup(self.log.close)
        self.daemon = subprocess.Popen(
            [ISAHPD, "--runtime-dir", self.dir / "run"], stderr=self.log)
        self.addCleanup(self.daemon.wait)
        self.addCleanup(self.daemon.terminate)
        until = time.monotonic() + PATIENCE
        while self.ctl("vm", "list").returncode == 5:
            self.assertLess(time.monotonic(), until)
            self.assertIsNone(self.daemon.poll())
            time.sleep(0.01)
        self.control("vm", "add", "here", "--loopback", "--present", "native")

    def ctl(self, *words):
        socket = self.dir / "run" / "control.sock"
        return subprocess.run([ISAHPCTL, "--socket", socket, *words], check=False,
                              capture_output=True, text=True, timeout=PATIENCE)

    def control(self, *words, code=0):
        r = self.ctl(*words)
        self.assertEqual(r.returncode, code, (words, r.stdout, r.stderr))

    def example(self, name, *arguments):
        p = subprocess.Popen(
            [EXAMPLES / name, *arguments], text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=dict(os.environ, ISAHP_LOOPBACK=str(self.dir / "run" / "loopback.sock")))
        self.addCleanup(p.wait)
        self.addCleanup(p.stdout.close)
        self.addCleanup(p.kill)
        # What never comes is not waited for: then lines end.
        watchdog = threading.Timer(PATIENCE, p.kill)
        self.addCleanup(watchdog.cancel)
        watchdog.start()
        return p

    def says(self, p, *lines):
        for line in lines:
            self.assertEqual(p.stdout.readline().rstrip("\n"), line)

    def ends(self, p, *lines):
        p.stdin.close()
        self.says(p, *lines, "")
        self.assertEqual(p.wait(), 0)

    def test_event_loop(self):
        p = self.example("event_loop")
        self.says(p, "49 by avx2; 0 events, 0 acks")
        self.control("announce", "here", "--remove", "avx2")
        line = p.stdout.readline()
        while "0 acks" in line:
            line = p.stdout.readline()
        self.assertIn("49 by c; ", line)
        self.control("announce", "here", "--add", "avx2")
        while " by c; " in line:
            line = p.stdout.readline()
        self.assertIn("49 by avx2; ", line)
        self.ends_at_its_input(p)

    def ends_at_its_input(self, p):
        p.stdin.close()
        p.stdout.read()
        self.assertEqual(p.wait(), 0)

    def test_callback_agrees(self):
        p = self.example("callback")
        self.says(p, "ready")
        self.control("announce", "here", "--remove", "avx2")
        self.says(p, "leaving: yes", "changed, calls go to c")
        self.control("announce", "here", "--add", "avx2")
        self.says(p, "changed, calls go to avx2")
        self.ends(p, "1")

    def test_callback_vetoes(self):
        p = self.example("callback", "busy")
        self.says(p, "ready")
        self.control("announce", "here", "--remove", "avx2", code=4)
        self.says(p, "leaving: no")
        self.ends(p, "last veto: -16, a checkpoint is written", "1")

    def test_late(self):
        p = self.example("late")
        self.says(p, "inside")
        # It is not called off: that might come first.
        self.control("prepare", "here", "--remove", "avx2", "--deadline", "100", code=4)
        self.says(p, "late: crunch by avx2")
        self.ends(p, "2; 0 are late")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
