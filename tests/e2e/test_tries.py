#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The lab: a test is tried again when a guest fell silent, as often as it says,
and of nothing else."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = """
from lab import e2e
from lab.errors import GuestSplat, LabError, Silence
raised = [{errors}]
def test(t):
    t.say("run")
    if raised:
        raise raised.pop(0)
e2e.main(test{tries})
"""


def outcome(errors: str, tries: str = "") -> tuple[int, int, int]:
    """Exit code, how often it was run, how often it said that it is again."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "99-planted.py")
        script.write_text(SCRIPT.format(errors=errors, tries=tries), encoding="utf-8")
        done = subprocess.run([sys.executable, script], capture_output=True, text=True,
                              env=os.environ | {"ISAHP_BUILD_DIR": folder}, check=False)
    return done.returncode, done.stdout.count("] run"), done.stdout.count("ONCE MORE")


class Tries(unittest.TestCase):
    def test_silence(self):
        self.assertEqual(outcome("Silence('a')", ", tries=2"), (0, 2, 1))
        self.assertEqual(outcome("Silence('a'), Silence('b')", ", tries=2"), (1, 2, 1))

    def test_only_where_it_is_asked_for(self):
        self.assertEqual(outcome("Silence('a')"), (1, 1, 0))

    def test_nothing_else(self):
        for error in ("AssertionError('a')", "LabError('a')", "GuestSplat('a')", "OSError('a')"):
            self.assertEqual(outcome(error, ", tries=2"), (1, 1, 0), error)

    def test_a_wrong_answer_the_second_time(self):
        self.assertEqual(outcome("Silence('a'), AssertionError('b')", ", tries=2"), (1, 2, 1))


unittest.main()
