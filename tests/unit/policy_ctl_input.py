#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What people type at isahpctl: help, manual, completion, and everything wrong.

Usage: policy_ctl_input.py ISAHPD ISAHPCTL
"""
import os
import pathlib
import pty
import random
import re
import select
import shlex
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

from policy_ctl_env import (ISAHPCTL, DATA, GLOBAL, PATIENCE, TOP, Case, ask, commands,
                            complete, options, run)


class BadInput(Case):
    def complaint(self, *args, code):
        done = run(*args, code=code)
        self.assertEqual(done.stdout, "", args)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertTrue(done.stderr.isprintable() or done.stderr[:-1].isprintable())
        return done.stderr

    def test_one_line_names_file_and_place(self):
        good = self.file("Haswell-v1")
        text = pathlib.Path(good).read_text(encoding="utf-8")
        none = str(self.dir / "none.json")
        cut = self.write("cut.json", text[:len(text) // 2])
        latin = self.write("latin.json", text.replace("Haswell-v1", "H\xe4swell").encode("latin-1"))
        empty = self.write("empty.json", "")
        binary = self.write("binary.json", b"\0\1\2" * 1000)
        escape = self.write("escape.json", '{"isahp-pool": 1 \33[31m')
        newer = self.write("newer.json", text.replace('"isahp-profile": 1', '"isahp-profile": 99'))
        vm = self.record("vm")
        host = self.pool("twice", ["Haswell-v1.json", "Haswell-v1.json"])
        typo = self.pool("typo", ["Haswell-v1.json"], levell="x86-64-v2")
        lost = self.pool("lost", ["Haswell-v1.json", "gone.json"])
        spoilt = self.pool("spoilt", ["cut.json"])
        mixed = self.pool("vendors", ["Haswell-v1.json", "EPYC-Rome-v1.json"])
        high = self.pool("high", ["Nehalem-v2.json"], level="x86-64-v4")
        future = self.write("future.vm", {"isahp-vm": 99, "name": "x"})
        for args, code, *words in (
            (("host", "show", none), 1, none, "No such file"),
            (("host", "show", str(self.dir)), 1, str(self.dir), "Is a directory"),
            (("host", "show", cut), 2, cut, "line"),
            (("host", "compare", good, latin), 2, latin, "line"),
            (("host", "show", empty), 2, empty, "is empty"),
            (("host", "show", binary), 2, binary, "not a text"),
            (("host", "show", newer), 2, newer, "isahp-profile"),
            (("host", "show", str(self.dir / "control\n.json")), 1, "control?.json"),
            (("host", "show", b"\xff.json"), 2, "UTF-8"),
            (("host", "compare"), 2, "FILE is missing"),
            (("host", "compare", good, good), 2, "twice"),
            (("host", "profile", "--from", good, "--format", "vmx"), 2, "vmx", "cpuinfo"),
            (("host", "profile", "--from", good, "--format", "cpuinfo"), 2, good),
            (("host", "profile", "--from", good, "--model", "Haswell"), 2, "either"),
            (("host", "profile", "--format", "qemu"), 2, "--from"),
            (("host", "profile", "--cpu", "1000000"), 2, "CPU 1000000"),
            (("host", "profile", "--cpu", "-1"), 2, "--cpu"),
            (("host", "profile", "--cpu", "0", "--from", good), 2, "--cpu"),
            (("host", "profile", "--model", "Haswel"), 2, "Haswel"),
            (("host", "profile", "--name", "two words"), 2, "without spaces"),
            (("host", "profile", "--to", "vmx"), 2, "vmx"),
            (("host", "profile", "--out", str(self.dir / "no/where")), 1, "no/where"),
            (("host", "profile", "--out", str(self.dir)), 1, str(self.dir)),
            (("pool", "baseline", none), 1, none),
            (("pool", "baseline", good), 2, good, "isahp-pool"),
            (("pool", "baseline", escape), 2, escape, "line 1"),
            (("vm", "check", escape, good), 2, escape, "line 1"),
            (("pool", "baseline", host), 2, host, "Haswell-v1", "two"),
            (("pool", "baseline", typo), 2, typo, "levell", "level"),
            (("pool", "baseline", lost), 1, lost, "hosts[1]", "gone.json"),
            (("pool", "explain", spoilt), 2, spoilt, "hosts[0]", "cut", "line"),
            (("pool", "levels", spoilt), 2, spoilt),
            (("pool", "baseline", mixed), 3, mixed, "vendor"),
            (("pool", "baseline", high), 3, high, "avx2", "no host"),
            (("pool", "baseline", mixed.replace("vendors", "twice"), "--as", "x"), 2, "twice"),
            (("pool", "baseline", self.pool("ok", ["Haswell-v1.json"]), "--as", "vmx"), 2, "vmx"),
            (("pool", "baseline", str(self.dir / "ok.pool"), "--out", "x"), 2, "--as"),
            (("pool", "explain", str(self.dir / "ok.pool"), "avx3"), 2, "did you mean 'avx'"),
            (("pool", "levels", str(self.dir / "ok.pool"), "x86-64-v33"), 2, "x86-64-v3"),
            (("pool", "plan", none), 1, none),
            (("pool", "plan", str(self.dir / "ok.pool"), vm), 2, vm, "HOST=RECORD"),
            (("pool", "plan", str(self.dir / "ok.pool"), f"nobody={vm}"), 2, "nobody"),
            (("pool", "plan", str(self.dir / "ok.pool"), f"Haswell-v1={future}"), 2, future),
            (("pool", "plan", str(self.dir / "ok.pool"), "Haswell-v1=/nowhere/*.vm"), 1,
             "/nowhere/*.vm"),
            (("pool", "plan", str(self.dir / "ok.pool"), "--leave", "nobody"), 2, "nobody"),
            (("pool", "plan", str(self.dir / "ok.pool"), "--join", f"{none}"), 1, none),
            (("pool", "plan", str(self.dir / "ok.pool"), "--level", "x86-64-v33"), 2,
             "x86-64-v3"),
            (("pool", "plan", str(self.dir / "ok.pool"), "--room", "-1"), 2, "--room"),
            (("pool", "fly"), 2, "pool what? baseline, levels, explain, plan or apply"),
            (("vm", "check", vm), 2, "HOST|POOLFILE is missing"),
            (("vm", "check", vm, none), 1, none),
            (("vm", "check", none, good), 1, none, "No such file"),
            (("vm", "check", str(self.dir), good), 1, "directory"),
            (("vm", "check", cut, good), 2, cut, "line"),
            (("vm", "check", good, good), 2, good, "isahp-vm"),
            (("vm", "check", latin, good), 2, latin),
            (("vm", "check", future, good), 2, future, "99", "update"),
            (("vm", "check", vm, good, "--host", "x"), 2, "--host", good),
            (("vm", "check", vm, str(self.dir / "ok.pool"), "--host", "x"), 2, "'x'"),
            (("vm", "record", "x", "--socket", str(self.dir / "none.sock")), 5, "none.sock"),
            (("host", "show", "--socket", "x"), 2, None),
            (("--color=blue", "features"), 2, "blue"),
        ):
            with self.subTest(args=args):
                if words == [None]:
                    self.assertIn("--socket", run(*args, code=code).stderr)
                    continue
                said = self.complaint(*args, code=code)
                for word in words:
                    self.assertIn(word, said)
                if args[0] != "--color=blue" and b"\xff.json" not in args \
                        and "is missing" not in said and "what?" not in said \
                        and "UTF-8" not in said:
                    error = ask(*args, code=code)["error"]
                    self.assertEqual(f"isahpctl: {error['message']}\n", said)

    def test_what_is_there_stays_when_writing_fails(self):
        out = self.write("precious.json", "precious")
        self.complaint("host", "profile", "--from", str(self.dir / "none"), "--out", out,
                       code=1)
        self.assertEqual(pathlib.Path(out).read_text(encoding="utf-8"), "precious")
        full = run("host", "profile", "--out", "/dev/full", code=1)
        self.assertIn("No space left", full.stderr)
        with open("/dev/full", "w", encoding="utf-8") as device:
            done = subprocess.run([ISAHPCTL, "host", "profile"], stdout=device,
                                  stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, 1, done.stderr)

    def test_random_cuts_and_flips_never_crash(self):
        seed = int(os.environ.get("ISAHP_SEED", time.time_ns() % 1000000))
        print(f"seed {seed}", file=sys.stderr)
        random.seed(seed)
        sources = [pathlib.Path(self.file("Haswell-v1")), DATA / "genoa-guest.cpuid.txt",
                   DATA / "genoa.capabilities.xml", pathlib.Path(self.record("fuzz")),
                   pathlib.Path(self.pool("fuzz", ["Haswell-v1.json"]))]
        for _ in range(150):
            source = random.choice(sources)
            data = bytearray(source.read_bytes())
            for _ in range(random.randrange(4)):
                data[random.randrange(len(data))] = random.randrange(256)
            if random.random() < .5:
                del data[random.randrange(len(data)):]
            path = self.write("mutant", bytes(data))
            for args in (("host", "show", path), ("pool", "explain", path),
                         ("vm", "check", path, self.file("Haswell-v1")),
                         ("vm", "check", self.record("whole"), path)):
                done = subprocess.run([ISAHPCTL, *args], capture_output=True,
                                      timeout=PATIENCE, check=False)
                self.assertIn(done.returncode, (0, 1, 2, 3), (args, data, done.stderr))
                self.assertNotIn(b"\033", done.stdout + done.stderr)


class Example(unittest.TestCase):
    def play(self, folder, command, lines):
        """Do what a `$ command` of the example does; -> what it printed."""
        words = shlex.split(command)
        if words[0] == "cat":
            pathlib.Path(folder, words[1]).write_text("\n".join(lines), encoding="utf-8")
            return lines
        self.assertEqual(words[0], "isahpctl")
        environ = {k: v for k, v in os.environ.items() if k != "COLUMNS"}
        done = subprocess.run([ISAHPCTL, *words[1:]], capture_output=True, text=True,
                              cwd=folder, env=environ, timeout=PATIENCE, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""), command)
        return done.stdout.splitlines()

    def test_commands_print_what_the_manual_says(self):
        text = (TOP / "docs/policy.md").read_text(encoding="utf-8")
        section = text.split("## From profiles to a migration", 1)[1].split("\n## ", 1)[0]
        code = [l[4:] for l in section.splitlines() if l.startswith("    ") or not l]
        parts = re.split(r"^\$ ", "\n".join(code), flags=re.M)[1:]
        self.assertGreater(len(parts), 8)
        with tempfile.TemporaryDirectory() as folder:
            for part in parts:
                command, *want = part.split("\n")
                # What is not said by a program stands in a block of its own.
                want = "\n".join(want).split("\n\n\n")[0].rstrip("\n")
                want = re.split(r"\n\n(?=qemu-system|isahpctl )", want)[0].split("\n")
                got = self.play(folder, command, want)
                pieces = [re.escape(p) for p in ("\n".join(want) + "\n").split("...\n")]
                if want != [""]:
                    self.assertRegex("\n".join(got) + "\n",
                                     r"\A" + r"(?s:.*)".join(pieces) + r"\Z", command)


class Zsh:
    """A zsh at a terminal of its own, as somebody who types and presses TAB has it."""

    SETUP = """\
        PROMPT= RPROMPT= LISTMAX=1000
        fpath=($COMPLETIONS $fpath)
        autoload -Uz compinit
        compinit -u -d $ZDOTDIR/dump
        tell() { print -rn -- "$BUFFER"$'\\0' >$REPLY_TO; BUFFER= }
        zle -N tell
        bindkey '^X' tell
        zle-line-init() { print -n $'\\0' >$REPLY_TO; zle -D zle-line-init }
        zle -N zle-line-init
        """

    def __init__(self, folder):
        script = TOP / "hypervisor-shim/isahpctl/completion/_isahpctl"
        where = pathlib.Path(folder, "zsh")
        where.mkdir()
        (where / "bin").mkdir()
        (where / "bin/isahpctl").symlink_to(ISAHPCTL)
        (where / "_isahpctl").write_bytes(script.read_bytes())
        (where / ".zshrc").write_text(textwrap.dedent(self.SETUP), encoding="utf-8")
        os.mkfifo(where / "reply")
        # Open at both ends, so that nobody waits for the other one to open it.
        self.reply = os.open(where / "reply", os.O_RDWR)
        self.master, slave = pty.openpty()
        self.screen = b""
        environ = {k: v for k, v in os.environ.items()
                   if k in ("ASAN_OPTIONS", "UBSAN_OPTIONS")}
        self.child = subprocess.Popen(
            ["zsh", "-i"], stdin=slave, stdout=slave, stderr=slave, cwd=folder,
            start_new_session=True, env={
                **environ, "PATH": f"{where}/bin:/usr/bin:/bin", "HOME": str(where),
                "ZDOTDIR": str(where), "COMPLETIONS": str(where), "TERM": "dumb",
                "REPLY_TO": str(where / "reply"), "LC_ALL": "C.UTF-8"})
        os.close(slave)
        self.answer()

    def answer(self):
        """What comes through the pipe up to a NUL; what is on the screen is read along."""
        said = b""
        while not said.endswith(b"\0"):
            ready = select.select([self.reply, self.master], [], [], PATIENCE)[0]
            if not ready:
                raise AssertionError(f"zsh says nothing more: {self.screen}")
            if self.master in ready:
                self.screen += os.read(self.master, 65536)
            if self.reply in ready:
                said += os.read(self.reply, 65536)
        return said[:-1].decode()

    def press(self, text):
        """-> (the line that TAB makes of it, what it lists)"""
        self.screen = b""
        os.write(self.master, text.encode() + b"\t\x18")
        return self.answer(), self.screen.decode()

    def end(self):
        self.child.kill()
        self.child.wait(PATIENCE)
        os.close(self.master)
        os.close(self.reply)


class Manual(unittest.TestCase):
    def test_help_names_every_option(self):
        overview = run("--help").stdout
        self.assertGreater(len(commands()), 18)
        for command in commands():
            with self.subTest(command=command):
                self.assertRegex(overview, rf"(?m)^  {command} +\w")
                text = run(*command.split(), "--help").stdout
                self.assertTrue(text.startswith(f"Usage: isahpctl {command}"), text)
                for option in options(command):
                    self.assertIn(option, text)
                self.assertLessEqual(max(len(l) for l in text.splitlines()), 82)

    def test_manual_has_every_command_and_option(self):
        page = (TOP / "docs/man/isahpctl.1.scd").read_text(encoding="utf-8")
        entries = re.split(r"^(?=\*|#)", page, flags=re.M)
        for command in commands():
            with self.subTest(command=command):
                own = [e for e in entries if re.search(
                    rf"(?:^|, )\*{command}\*(?: |\n)", e.split("\n\t", 1)[0] + "\n")]
                self.assertEqual(len(own), 1)
                head, body = own[0].split("\n\t", 1)
                for option in options(command):
                    self.assertIn(f"*{option}*", body)
                    if "_OPTION_" not in head:
                        self.assertIn(f"*{option}*", head)
        for option in GLOBAL | {"--version"}:
            self.assertRegex(page, rf"(?m)^(?:\*-h\*, )?\*{option}\*")

    def test_readme_has_every_command(self):
        text = (TOP / "hypervisor-shim/README.md").read_text(encoding="utf-8")
        table = text.split("## Commands", 1)[1].split("\n## ", 1)[0]
        for command in commands():
            self.assertRegex(table, rf"`(?:[\w ]+, )*{command}\b", command)

    def test_completion(self):
        self.assertEqual(set(complete("")), {c.split()[0] for c in commands()})
        self.assertEqual(set(complete("pool", "")),
                         {"baseline", "levels", "explain", "plan", "apply"})
        self.assertEqual(list(complete("pool", "e")), ["explain"])
        self.assertIn("--all", complete("host", "compare", "--"))
        self.assertNotIn("--socket", complete("host", "compare", "--"))
        self.assertIn("--socket", complete("vm", "show", "--"))
        self.assertEqual(complete("host", "compare", "a", ""), {":files": ""})
        self.assertEqual(complete("host", "profile", "--out", ""), {":files": ""})
        self.assertEqual(complete("--socket", ""), {":files": ""})
        self.assertIn("x86-64-v3", complete("pool", "levels", "f", ""))
        self.assertIn("avx2,aes", complete("announce", "x", "--add", "avx2,ae"))
        self.assertIn("avx2,-fma", complete("announce", "x", "--add", "avx2,-fm"))
        self.assertEqual(set(complete("vm", "wait", "x", "--for", "")),
                         {"target", "registered", "settled"})
        for words in ((), ("nonsense", ""), ("vm", "fly", ""),
                      ("--socket", "/nowhere", "vm", "show", ""), ("vm", "x" * 5000),
                      ("announce", "x", "--add", "x" * 5000 + ",a")):
            self.assertEqual(complete(*words), {}, words)

    def test_completion_in_bash(self):
        script = TOP / "hypervisor-shim/isahpctl/completion/isahpctl.bash"
        with tempfile.TemporaryDirectory() as folder:
            open(os.path.join(folder, "a file.json"), "w", encoding="utf-8").close()

            def press(*words):
                text = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
                        '_isahpctl; printf "%s\\n" "${COMPREPLY[@]}"')
                done = subprocess.run(["bash", "-c", text, "bash", script, ISAHPCTL, *words],
                                      capture_output=True, text=True, check=True, cwd=folder)
                self.assertEqual(done.stderr, "")
                return [w for w in done.stdout.split("\n") if w]

            self.assertEqual(press("pool", "e"), ["explain"])
            self.assertEqual(set(press("host", "")), {"profile", "show", "compare", "mask"})
            self.assertEqual(press("host", "show", "a"), ["a file.json"])
            self.assertEqual(press("host", "show", "b"), [])

    @unittest.skipUnless(shutil.which("zsh"), "no zsh")
    def test_completion_in_zsh(self):
        with tempfile.TemporaryDirectory() as folder:
            open(os.path.join(folder, "a file.json"), "w", encoding="utf-8").close()
            zsh = Zsh(folder)
            try:
                for typed, line in (
                    ("isahpctl po", "isahpctl pool "),
                    ("isahpctl pool e", "isahpctl pool explain "),
                    ("isahpctl host compare --al", "isahpctl host compare --all "),
                    ("isahpctl host show a", "isahpctl host show a\\ file.json "),
                    ("isahpctl host show b", "isahpctl host show b"),
                    ("isahpctl pool levels f x86-64-v", "isahpctl pool levels f x86-64-v"),
                    ("isahpctl vm wait x --for se", "isahpctl vm wait x --for settled "),
                    ("isahpctl announce x --add avx2,-movb",
                     "isahpctl announce x --add avx2,-movbe "),
                    ("isahpctl --js", "isahpctl --json "),
                    ("isahpctl nonsense ", "isahpctl nonsense "),
                ):
                    self.assertEqual(zsh.press(typed)[0], line, typed)
                screen = zsh.press("isahpctl host ")[1]
                for command in commands():
                    if command.startswith("host "):
                        self.assertRegex(screen, rf"{command.split()[1]} +-- \w")
            finally:
                zsh.end()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
