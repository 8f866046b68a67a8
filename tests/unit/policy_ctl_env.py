# SPDX-License-Identifier: MIT
"""What tests of isahpctl share: running it, and hosts to run it on.

Arguments of the tests: ISAHPD ISAHPCTL
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ISAHPD, ISAHPCTL = (os.path.abspath(p) for p in sys.argv[1:3])
TOP = pathlib.Path(__file__).resolve().parents[2]
DATA = TOP / "tests/unit/policy"
PATIENCE = 60
MODELS = ["Nehalem-v2", "Haswell-v1", "Skylake-Server-v1", "EPYC-Rome-v1"]
GLOBAL = {"--json", "--color", "--help", "--socket"}


def run(*args, code=0, env=None, stdin=None):
    """Run isahpctl; a failure is one line on standard error, and nothing else."""
    environ = {k: v for k, v in os.environ.items()
               if k not in ("COLUMNS", "NO_COLOR", "TERM")}
    done = subprocess.run([ISAHPCTL, *args], capture_output=True, timeout=PATIENCE,
                          env={**environ, **(env or {})}, input=stdin, check=False)
    done.stdout = done.stdout.decode()
    done.stderr = done.stderr.decode(errors="backslashreplace")
    if done.returncode != code:
        raise AssertionError(f"{args}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def ask(*args, code=0):
    return json.loads(run("--json", *args, code=code).stdout)


def complete(*words, env=None):
    """-> {candidate: meaning}"""
    lines = run("--complete", *words, env=env).stdout.splitlines()
    return dict(line.split("\t") if "\t" in line else (line, "") for line in lines)


def commands():
    out = []
    for word in complete(""):
        out += [f"{word} {w}" for w in complete(word, "")] if is_family(word) else [word]
    return out


def is_family(word):
    done = subprocess.run([ISAHPCTL, word], capture_output=True, text=True, check=False)
    return f"{word} what?" in done.stderr


def options(command):
    return set(complete(*command.split(), "--")) - GLOBAL


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = pathlib.Path(tempfile.mkdtemp(prefix="isahp-policy-"))
        for model in MODELS:
            run("host", "profile", "--model", model, "--out", cls.file(model))

    @classmethod
    def tearDownClass(cls):
        # Whatever was written was renamed or removed.
        left = [p for p in cls.dir.rglob("*") if re.search(r"\.\w{6}$", p.name)]
        shutil.rmtree(cls.dir)
        assert not left, left

    @classmethod
    def file(cls, name):
        return str(cls.dir / f"{name}.json")

    def write(self, name, value):
        path = self.dir / name
        if isinstance(value, bytes):
            path.write_bytes(value)
        else:
            path.write_text(value if isinstance(value, str) else json.dumps(value),
                            encoding="utf-8")
        return str(path)

    def pool(self, name, hosts, **more):
        return self.write(f"{name}.pool", {"isahp-pool": 1, "name": name,
                                           "hosts": hosts, **more})

    def record(self, name, **more):
        value = {"isahp-vm": 1, "name": name, "masked": True, "vendor": "intel",
                 "baseline": ["pni", "ssse3", "sse4_1", "sse4_2", "popcnt"],
                 "guest": {"boot_vendor": "intel", "entry32": "follows",
                           "xcr0": "0x7", "pinned": [],
                           "workarounds": ["meltdown", "mds", "mmio-stale-data",
                                           "retbleed-intel"]}}
        value.update(more)
        return self.write(f"{name}.vm", value)

    def features(self, path):
        return ask("host", "show", str(path))["hosts"][0]["features"]
