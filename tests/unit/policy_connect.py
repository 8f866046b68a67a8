#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hosts that isahpctl asks.

Usage: policy_connect.py ISAHPCTL ISAHPCTL_WITHOUT_LIBVIRT

The hosts are libvirt's session daemon on this machine, which really asks its QEMU;
the same behind a real ssh; libvirt's test driver; and ssh programs that misbehave.
And a QEMU that is asked over QMP.
"""
import json
import os
import pathlib
import pwd
import signal
import socket
import subprocess
import sys
import unittest

from policy_connect_env import PATIENCE, Case, Server, Socket, closed_port, known, wait_gone

SESSION = "qemu:///session"


def has_name():
    """libvirt wants to know who asks."""
    try:
        return bool(pwd.getpwuid(os.geteuid()))
    except KeyError:
        return False


def needs(*programs):
    missing = [p for p in programs if not pathlib.Path(p).exists()]
    if not has_name():
        missing.append("a user of this number")
    return unittest.skipIf(missing, f"not there: {', '.join(missing)}")


@needs("/usr/sbin/libvirtd", "/usr/bin/qemu-system-x86_64")
class Session(Case):
    def test_bare_cpu_is_what_cpuid_says_of_it(self):
        asked = self.profile("--connect", SESSION, "--timeout", "60")
        own = known(self.profile())
        compared = 0
        for place, (value, bits) in known(asked).items():
            mine, mask = own.get(place, (0, 0xffffffff))
            # OSPKE and OSXSAVE are what a kernel has enabled.
            compared += bin(bits & mask).count("1")
            self.assertEqual(value & bits & mask, mine & bits, place)
        self.assertGreater(compared, 60)
        self.assertEqual(asked["source"], SESSION)
        self.assertEqual(asked["name"].split(".")[0], os.uname().nodename.split(".")[0])

    def test_guests_get_what_the_hypervisor_makes_of_it(self):
        bare = self.profile("--connect", SESSION, "--timeout", "60")
        guests = self.profile("--connect", SESSION, "--guests", "qemu", "--timeout", "60")
        # TCG has no AVX-512, and says so; who the CPU is it does not.
        self.assertEqual(guests["source"], f"qemu guests at {SESSION}")
        leaf1 = known(guests)["0x00000001", "0x0", "eax"]
        self.assertEqual(leaf1, known(bare)["0x00000001", "0x0", "eax"])
        self.assertEqual(guests.get("microcode"), bare.get("microcode"))
        self.assertNotEqual(known(guests)["0x00000001", "0x0", "ecx"],
                            known(bare)["0x00000001", "0x0", "ecx"])

    def test_guests_that_there_can_not_be_are_no_others(self):
        # This is synthetic, so that it holds where KVM works, too.
        said = self.account.ctl("host", "profile", "--connect", SESSION, "--guests", "hvf",
                                "--timeout", "60", code=1)
        self.assertIn(SESSION, said)
        self.assertIn("hvf", said)
        self.assertIn("--guests qemu", said)

    def test_qemu_itself_says_the_same(self):
        guests = known(self.profile("--connect", SESSION, "--guests", "qemu",
                                    "--timeout", "60"))
        path = Socket(self.account, "qmp")
        qemu = path.qemu(self.account)
        asked = self.profile("--qmp", path.path, "--timeout", "60", "--name", "q")
        qemu.kill()
        qemu.wait(PATIENCE)
        path.end()
        self.assertEqual((asked["name"], asked["source"]), ("q", f"QEMU's max at {path.path}"))
        compared = 0
        for place, (value, bits) in known(asked).items():
            # libvirt's is of the host's family, and QEMU's of QEMU's.
            if place[0] in ("0x00000000", "0x80000008") or place == ("0x00000001", "0x0", "eax"):
                continue
            other, mask = guests.get(place, (0, 0))
            self.assertEqual(value & mask, other & bits, place)
            compared += bin(bits & mask).count("1")
        self.assertGreater(compared, 60)

    def test_pool_of_hosts_that_are_asked(self):
        file = self.account.write("file.json", json.dumps(
            {**self.profile(), "name": "read"}))
        path = self.account.pool("asked", [
            {"connect": SESSION, "name": "h1", "timeout": 60}, file,
            {"connect": SESSION, "name": "h2", "guests": "qemu", "timeout": 60}])
        pool = json.loads(self.account.ctl("--json", "pool", "explain", path))
        hosts = {h for f in pool["features"] for names in f["hosts"].values() for h in names}
        self.assertEqual(hosts, {"h1", "h2", "read"})
        both = {f["flag"] for f in pool["features"] if f["promised"]}
        self.assertIn("ssse3", both)
        by_flag = {f["flag"]: f for f in pool["features"]}
        self.assertIn("h1", by_flag["cx16"]["hosts"]["yes"])
        # Twice the same name is refused, whoever said it.
        twice = self.account.pool("twice", [{"connect": SESSION, "timeout": 60}] * 2)
        self.assertIn("two are called", self.account.ctl("pool", "baseline", twice, code=2))

    def test_uri_stands_wherever_a_host_does(self):
        file = self.account.write("other.json", json.dumps(
            {**self.profile(), "name": "other"}))
        data = json.loads(self.account.ctl("--json", "host", "compare", file, SESSION))
        asked = self.profile("--connect", SESSION)["name"]
        self.assertEqual([h["name"] for h in data["hosts"]], ["other", asked])


@needs("/usr/sbin/libvirtd", "/usr/bin/qemu-system-x86_64", *Server.NEEDS)
class Ssh(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = Server(cls.account)

    @classmethod
    def tearDownClass(cls):
        cls.server.end()
        super().tearDownClass()

    def fails(self, uri, *words, code=5):
        said = self.account.ctl("host", "profile", "--connect", uri, "--timeout", "60",
                                code=code)
        for word in (uri.split("?")[0], *words):
            self.assertIn(word, said)

    def test_host_behind_ssh_says_what_it_says_here(self):
        there = self.profile("--connect", self.server.uri(), "--timeout", "60")
        here = self.profile("--connect", SESSION, "--timeout", "60")
        self.assertEqual(there["source"], self.server.uri().split("?")[0])
        self.assertEqual({**there, "source": ""}, {**here, "source": ""})

    def test_host_whose_key_nobody_knows(self):
        self.fails(self.server.uri(hosts="no_hosts"), "Host key verification failed",
                   "once with ssh")

    def test_key_that_the_host_does_not_know(self):
        self.fails(self.server.uri(key="other-key"), "Permission denied", "by a key")

    def test_nobody_listens(self):
        self.fails(self.server.uri(port=closed_port()), "Connection refused", "daemon")

    def test_host_that_takes_the_call_and_says_nothing(self):
        with socket.create_server(("127.0.0.1", 0)) as mute:
            uri = self.server.uri(port=mute.getsockname()[1])
            said = self.account.ctl("host", "profile", "--connect", uri, "--timeout", "2",
                                    code=5)
        self.assertIn("no answer within 2 s", said)
        # It was told to end; it may still be on its way.
        for pid in self.account.processes("ssh"):
            wait_gone(pid)

    def test_no_host_has_that_name(self):
        self.fails(self.server.uri().replace("127.0.0.1", "nobody.invalid"),
                   "nobody.invalid", "no host has that name")


class Misbehaving(Case):
    def test_who_never_answers_is_given_up(self):
        account = self.account
        uri = account.fake_ssh("silent", "echo $$ >$0.pid\nexec sleep 1000\n")
        said = account.ctl("host", "profile", "--connect", uri, "--timeout", "2", code=5)
        self.assertIn("qemu+ssh://root@silent/system", said)
        self.assertIn("no answer within 2 s", said)
        wait_gone(int((account.dir / "silent.pid").read_text()))

    def test_who_never_answers_does_not_hinder_others(self):
        account = self.account
        # All have to be there before one of them goes on.
        names = [f"many{i}" for i in range(8)]
        for name in names:
            account.fake_ssh(name, f"""\
                : >$0.here
                while [ $(ls {account.dir}/many*.here | wc -l) -lt {len(names)} ]; do
                    sleep .1
                done
                echo together >&2
                exit 1
                """)
        silent = account.fake_ssh("mute", "exec sleep 1000\n").split("command=")[1]
        # A pool's file names no programs; the user's own file of aliases may.
        aliases = [f"{n}=qemu+ssh://root@{n}/system?command={account.dir}/{n}"
                   for n in (*names, "mute")]
        self.assertTrue(silent)
        account.write("home/.config/libvirt/libvirt.conf",
                      f"uri_aliases = {json.dumps(aliases)}\n")
        path = account.pool("many", [{"connect": n, "name": n, "timeout": 40}
                                     for n in names] +
                            [{"connect": "mute", "name": "mute", "timeout": 1}])
        said = account.ctl("pool", "baseline", path, code=5)
        self.assertIn(f"{path}: pool: hosts[0]: many0 ", said)
        self.assertIn("together", said)
        self.assertIn("(and 8 more: many1, many2, many3, many4, many5, many6, many7, mute)",
                      said)

    def test_only_who_asks_for_guests_may_change_things(self):
        account = self.account
        log = account.dir / "asked"
        uri = account.fake_ssh("asked-ssh", f'echo "$@" >{log}; exit 1\n')
        account.ctl("host", "profile", "--connect", uri, code=5)
        self.assertIn("libvirt-sock-ro", log.read_text())
        self.assertIn("virt-ssh-helper -r ", log.read_text())
        account.ctl("host", "profile", "--connect", uri, "--guests", "kvm", code=5)
        self.assertNotIn("libvirt-sock-ro", log.read_text())
        self.assertNotIn("virt-ssh-helper -r ", log.read_text())

    def test_ctrl_c_ends_it_and_what_it_started(self):
        account = self.account
        fifo = account.dir / "patient.fifo"
        os.mkfifo(fifo, 0o666)
        fifo.chmod(0o666)
        uri = account.fake_ssh("patient", f"echo $$ >{fifo}\nexec sleep 1000\n")
        for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
            child = account.popen([account.programs[0], "host", "profile", "--connect", uri,
                                   "--timeout", "1000"], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
            pid = int(fifo.read_text())
            child.send_signal(number)
            out, said = child.communicate(timeout=PATIENCE)
            self.assertEqual((child.returncode, out), (7, ""), said)
            self.assertIn("stopped", said)
            wait_gone(pid)

    def test_closed_descriptors_do_not_matter(self):
        account = self.account
        out = account.dir / "written.json"
        # Nothing is open but what the shell needs: the answer comes all the same.
        uri = account.fake_ssh("closed", "echo shut >&2; exit 1\n")
        child = account.popen(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh",
                               account.programs[0], "host", "profile", "--connect", uri,
                               "--out", str(out)])
        self.assertEqual(child.wait(PATIENCE), 5)
        self.assertFalse(out.exists())

    def test_nonsense_and_floods_are_one_clear_line(self):
        account = self.account
        flood = account.fake_ssh("flood", "exec cat /dev/zero\n")
        noise = account.fake_ssh("noise", "echo '\033[31mnoise' >&2; exit 1\n")
        for uri, code, *words in (
            ("nonsense", 2, "nonsense", "qemu+ssh://root@HOST/system"),
            ("://", 2, "://"),
            ("", 2, "URI"),
            ("qemu+ftp://h/system", 2, "qemu+ftp"),
            ("qemu+unix:///system?socket=/nowhere", 5, "/nowhere", "daemon"),
            ("qemu://h.invalid/system", 5, "h.invalid"),
            (flood, 5, "flood"),
            (noise, 5, "?[31mnoise"),
            # libvirt's own driver for tests: a connection, but to no x86 CPU.
            ("test:///default", 2, "test:///default", "tells nothing of an x86 CPU"),
        ):
            with self.subTest(uri=uri):
                said = account.ctl("host", "profile", "--connect", uri, "--timeout", "30",
                                   code=code)
                self.assertTrue(said[:-1].isprintable(), said)
                for word in words:
                    self.assertIn(word, said)

    def test_options_that_make_no_sense(self):
        for args, word in (
            (("--connect", SESSION, "--from", "x"), "either"),
            (("--guests", "kvm"), "--connect"),
            (("--timeout", "3"), "--connect"),
            (("--connect", SESSION, "--timeout", "0"), "--timeout"),
            (("--connect", SESSION, "--timeout", "9999999999"), "--timeout"),
            (("--connect", SESSION, "--guests", "K V M"), "--guests"),
        ):
            self.assertIn(word, self.account.ctl("host", "profile", *args, code=2))

    def test_file_may_not_name_programs(self):
        marker = self.account.dir / "marker"
        script = self.account.write("evil", f"#!/bin/sh\n: >{marker}\n", 0o755)
        for uri in (f"qemu+ssh://h/system?command={script}",
                    f"qemu+ssh://h/system?no_tty=1&COMMAND={script}",
                    f"qemu+ssh://h/system?no_tty=1;comm%61nd={script}",
                    f"qemu+ext://h/system?command={script}",
                    f"qemu+ext:///system?{script}",
                    f"qemu+ssh://h/system?netcat={script}",
                    f"qemu:///embed?root={self.account.dir}/embed"):
            path = self.account.pool("evil", [{"connect": uri, "name": "h"}])
            said = self.account.ctl("pool", "baseline", path, code=2)
            self.assertIn("hosts[0]: a file may not have programs run", said)
        self.assertFalse(marker.exists())
        self.assertFalse((self.account.dir / "embed").exists())
        # The control: on the command line it may.
        self.account.ctl("host", "profile", "--connect",
                         f"qemu+ssh://h/system?command={script}", code=5)
        self.assertTrue(marker.exists())

    def test_pool_file_is_checked_before_anybody_is_asked(self):
        for host, word in (
            ({"connect": 7}, "connect"),
            ({"connect": ""}, "qemu+ssh"),
            ({"connect": "bad uri<>"}, "qemu+ssh"),
            ({"connect": SESSION, "file": "x"}, "file"),
            ({"connect": SESSION, "guest": "kvm"}, "guests"),
            ({"connect": SESSION, "guests": "K V M"}, "guests"),
            ({"connect": SESSION, "timeout": 0}, "timeout"),
            ({"connect": SESSION, "timeout": "5"}, "timeout"),
            ({"connect": SESSION, "name": "a b"}, "name"),
        ):
            path = self.account.pool("bad", [host])
            self.assertIn(word, self.account.ctl("pool", "baseline", path, code=2))

    def test_without_libvirt_it_says_what_is_missing(self):
        said = self.account.ctl("host", "profile", "--connect", SESSION, code=1, program=1)
        self.assertIn("install libvirt-dev", said)
        self.assertIn("--from", said)
        path = self.account.pool("one", [{"connect": SESSION}])
        self.assertIn("install libvirt-dev",
                      self.account.ctl("pool", "baseline", path, code=1, program=1))
        # All else works.
        self.account.ctl("host", "profile", program=1)


class Qmp(Case):
    GREETING = b'{"QMP": {"version": {}, "capabilities": []}}\r\n'
    DONE = b'{"return": {}}\n'
    KVM = b'{"event": "RESUME"}\n{"return": {"enabled": true, "present": true}}\n'
    MODEL = (b'{"return": {"model": {"name": "host", "props": {"avx2": true, '
             b'"family": 6, "model": 85, "stepping": 4, "vendor": "GenuineIntel", '
             b'"tcg-cpuid": 18446744073709551615}}}}\n')

    def ask(self, *lines, code=0, timeout="20"):
        path = Socket(self.account, f"qmp-{self.id()}"[-40:])
        path.say(*lines)
        try:
            return self.account.ctl("host", "profile", "--qmp", path.path, "--timeout",
                                    timeout, code=code)
        finally:
            path.end()
            os.unlink(path.path)

    def test_host_where_there_is_kvm(self):
        asked = json.loads(self.ask(self.GREETING, self.DONE, self.KVM, self.MODEL))
        self.assertTrue(asked["source"].startswith("QEMU's host at "))
        self.assertEqual(known(asked)["0x00000007", "0x0", "ebx"], (1 << 5, 1 << 5))
        self.assertEqual(asked["name"].split(".")[0], os.uname().nodename.split(".")[0])
        # In pieces, and all at once.
        whole = self.GREETING + self.DONE + self.KVM + self.MODEL
        self.assertEqual(json.loads(self.ask(whole))["cpuid"], asked["cpuid"])
        self.assertEqual(json.loads(self.ask(whole[:70], whole[70:])), asked)

    def test_what_is_no_qmp_is_one_clear_line(self):
        said = b'{"error": {"class": "x", "desc": "no\\u001b[31m"}}\n'
        for lines, code, word in (
            ((b"220 smtp\r\n",), 1, "not QMP"),
            ((b"{}\n",), 1, "not QMP"),
            ((b"",), 5, "no answer in time"),
            ((b"[" * 100000 + b"\n",), 1, "not QMP"),
            ((b"x" * 3000000,), 1, "more than QEMU"),
            ((self.GREETING, said), 1, "no?[31m"),
            ((self.GREETING, b"7\n"), 1, "not QMP"),
            ((self.GREETING, self.DONE), 5, "no answer in time"),
            ((self.GREETING, self.DONE, self.KVM, said), 1, "no?[31m"),
            ((self.GREETING, self.DONE, self.KVM, self.DONE), 2, "model"),
            ((self.GREETING + b'{"event": "E"}\n' * 5000,), 1, "events"),
        ):
            with self.subTest(word=word, line=lines[-1][:30]):
                told = self.ask(*lines, code=code, timeout="2" if code == 5 else "20")
                self.assertIn(word, told)
                self.assertTrue(told[:-1].isprintable())
        self.assertIn("No such file", self.account.ctl(
            "host", "profile", "--qmp", "/nowhere/qmp", code=5))
        self.assertIn("path of a socket", self.account.ctl(
            "host", "profile", "--qmp", "x" * 200, code=2))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
