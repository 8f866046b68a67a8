#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""isahpd and isahpctl as people use them, over the loopback.

Usage: shim_daemon.py ISAHPD ISAHPCTL
"""
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

ISAHPD, ISAHPCTL = (os.path.abspath(p) for p in sys.argv[1:3])
PATIENCE = 30
PRESENT = "x86-64-v3,aes,vaes"
AVX2, FMA = 32, 3


class Client:
    """A process' view of the loopback; see uapi.h."""

    def __init__(self, path, *interest):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(path)
        words = [0] * 4
        for number in interest:
            words[number // 64] |= 1 << (number % 64)
        self.sock.send(struct.pack("<IiII4Q", 1, 0, 40, 0, *words))
        self.result()
        self.event()

    def result(self):
        while True:
            data = self.sock.recv(1024)
            kind, status = struct.unpack_from("<Ii", data)
            if kind == 4:
                return status

    def event(self):
        """Return phase of the next event."""
        while True:
            data = self.sock.recv(1024)
            if struct.unpack_from("<I", data)[0] == 5:
                self.epoch = data[24:40]
                self.sequence, = struct.unpack_from("<Q", data, 40)
                return struct.unpack_from("<I", data, 64)[0]

    def ack(self):
        self.sock.send(struct.pack("<IiII", 2, 0, 32, 0) + self.epoch +
                       struct.pack("<Q", self.sequence))
        return self.result()

    def close(self):
        self.sock.close()


class Daemon(unittest.TestCase):
    options = []

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="isahp-daemon-")
        self.run_dir = os.path.join(self.dir, "run")
        self.control = os.path.join(self.run_dir, "control.sock")
        self.loopback = os.path.join(self.run_dir, "loopback.sock")
        self.log = open(os.path.join(self.dir, "log"), "w+")
        self.start()

    def tearDown(self):
        if self.daemon.poll() is None:
            self.daemon.terminate()
            self.assertEqual(self.daemon.wait(PATIENCE), 0)
        self.log.close()
        shutil.rmtree(self.dir)

    def start(self):
        self.daemon = subprocess.Popen([ISAHPD, "--runtime-dir", self.run_dir, *self.options],
                                       stderr=self.log)
        until = time.monotonic() + PATIENCE
        while self.ctl("vm", "list").returncode == 5:
            self.assertLess(time.monotonic(), until)
            self.assertIsNone(self.daemon.poll())
            time.sleep(0.01)

    def command(self, *args):
        return [ISAHPCTL, "--socket", self.control, *args]

    def ctl(self, *args, code=None):
        done = subprocess.run(self.command(*args), capture_output=True,
                              text=True, timeout=PATIENCE)
        if code is not None:
            self.assertEqual(done.returncode, code, done.stderr)
        return done

    def ctl_json(self, *args, code=0):
        return json.loads(self.ctl("--json", *args, code=code).stdout)

    def add(self):
        self.ctl("vm", "add", "lo", "--loopback", "--present", PRESENT, code=0)

    def test_second_instance_is_refused(self):
        second = subprocess.run([ISAHPD, "--runtime-dir", self.run_dir],
                                capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(second.returncode, 1)
        self.assertIn("another isahpd runs in", second.stderr)
        self.ctl("vm", "list", code=0)

    def test_directory_of_others_is_refused(self):
        shared = os.path.join(self.dir, "shared")
        os.mkdir(shared)
        os.chmod(shared, 0o777)
        done = subprocess.run([ISAHPD, "--runtime-dir", shared],
                              capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 1)
        self.assertIn("others can write", done.stderr)

    def test_sockets_are_for_the_owner_alone_and_go_with_the_daemon(self):
        self.add()
        self.assertEqual(os.stat(self.run_dir).st_mode & 0o777, 0o700)
        for path in self.control, self.loopback:
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        self.daemon.send_signal(signal.SIGINT)
        self.assertEqual(self.daemon.wait(PATIENCE), 0)
        self.assertEqual(os.listdir(self.run_dir), ["isahpd.lock"])
        gone = self.ctl("vm", "list", code=5)
        self.assertIn("start it with", gone.stderr)

    def test_records_outlive_the_daemon(self):
        state = os.path.join(self.dir, "state")
        record = os.path.join(self.dir, "brought.json")
        with open(record, "w", encoding="utf-8") as file:
            json.dump({"isahp-vm": 1, "name": "a", "pool": "rack4", "shape": [1]}, file)
        self.daemon.terminate()
        self.daemon.wait(PATIENCE)
        self.options = ["--state-dir", state]
        self.start()
        add = ["vm", "add", "a", "--present", "x86-64-v2"]
        self.ctl(*add, "--record", record, code=0)
        stored = os.path.join(state, "vm-a.json")
        self.assertEqual(os.stat(stored).st_mode & 0o777, 0o600)
        for end in "terminate", "kill":
            getattr(self.daemon, end)()
            self.daemon.wait(PATIENCE)
            self.start()
            shown = json.loads(self.ctl("--json", *add, code=0).stdout)
            self.assertEqual(shown["attributes"]["pool"], "rack4")
        made = self.ctl_json("vm", "record", "a", "--baseline", "none")
        self.assertEqual(made["shape"], [1])
        self.ctl("vm", "remove", "a", code=0)
        self.assertEqual(os.listdir(state), [])

    def test_folder_of_others_is_refused_for_records_too(self):
        shared = os.path.join(self.dir, "shared")
        os.mkdir(shared)
        os.chmod(shared, 0o777)
        done = subprocess.run([ISAHPD, "--runtime-dir", os.path.join(self.dir, "other"),
                               "--state-dir", shared], capture_output=True, text=True,
                              timeout=PATIENCE)
        self.assertEqual(done.returncode, 1)
        self.assertIn("others can write", done.stderr)

    def test_killed_daemon_leaves_nothing_in_the_way(self):
        self.add()
        self.daemon.kill()
        self.daemon.wait()
        self.start()
        self.add()

    def test_socket_in_use_is_left_alone(self):
        other = os.path.join(self.dir, "other.sock")
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.bind(other)
            s.listen()
            done = self.ctl("vm", "add", "x", "--loopback", "--present", "none",
                            "--socket", other, code=1)
            self.assertIn(other, done.stderr)
            self.assertTrue(os.path.exists(other))

    def test_bad_input_names_the_thing_and_the_fix(self):
        self.add()
        for args, code, words in (
            (("vm", "show", "nobody"), 6, "known: lo"),
            (("announce", "lo", "--add", "avx3"), 2, "did you mean 'avx'"),
            (("announce", "lo", "--remove", "abm"), 3, "abm (silent"),
            (("announce", "lo"), 2, "what changes"),
            (("announce", "lo", "--remove", "avx2", "--deadline", "1"), 2,
             "a deadline is"),
            (("announce", "lo", "--remove", "avx2", "--deadline", "x"), 2,
             "wants a number"),
            (("commit", "lo"), 1, "nothing is being prepared"),
            (("vm", "add", "lo", "--loopback", "--present", "none"), 1, "exists"),
            (("vm", "add", "../x", "--loopback", "--present", "none"), 2, "name"),
            (("vm", "add", "y"), 2, "--present LIST or --qmp"),
            (("vm", "add", "y", "--present", "none", "--vendor", "via"), 2,
             "unknown vendor"),
            (("migrate", "lo", "--to", "unix:x", "--dest-control", "/nowhere"),
             5, "destination"),
            (("vm", "fly"), 2, "vm what?"),
            (("frobnicate",), 2, "unknown command"),
        ):
            with self.subTest(args=args):
                done = self.ctl(*args, code=code)
                self.assertIn(words, done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        error = self.ctl_json("vm", "show", "nobody", code=6)["error"]
        self.assertEqual(error["class"], "no-vm")

    def test_every_command_has_help(self):
        overview = self.ctl("--help", code=0).stdout
        for words in ("vm list", "vm show", "vm add", "vm remove", "vm resume",
                      "vm wait", "announce", "prepare", "commit", "abort",
                      "migrate", "features"):
            self.assertIn(words, overview)
            text = self.ctl(*words.split(), "--help", code=0).stdout
            self.assertTrue(text.startswith("Usage: isahpctl " + words), text)

    def test_features_lists_the_table(self):
        rows = {r["flag"]: r for r in self.ctl_json("features")["features"]}
        self.assertEqual(rows["abm"]["class"], "silent")
        self.assertEqual(rows["avx2"]["leaf"], 7)
        self.assertEqual(rows["sse4_1"]["qemu"], "sse4.1")

    def test_removal_waits_for_the_client(self):
        self.add()
        client = Client(self.loopback, AVX2)
        ctl = subprocess.Popen(self.command("--json", "announce", "lo",
                                            "--remove", "avx2"),
                               stdout=subprocess.PIPE, text=True)
        self.assertEqual(client.event(), 2)
        self.assertIsNone(ctl.poll())
        self.assertEqual(client.ack(), 0)
        data = json.loads(ctl.communicate(timeout=PATIENCE)[0])
        self.assertEqual(ctl.returncode, 0)
        self.assertEqual(data["prepare"]["concerned"], 1)
        present = self.ctl_json("vm", "show", "lo")["record"]["present"]
        self.assertNotIn("avx2", present)
        self.assertNotIn("vaes", present)
        self.assertIn("fma", present)
        client.close()

    def test_laggard_is_named(self):
        self.add()
        client = Client(self.loopback, AVX2)
        done = self.ctl("announce", "lo", "--remove", "avx2", "--deadline", "60",
                        code=4)
        self.assertIn(f"pid {os.getpid()}", done.stderr)
        self.assertIn("avx2", self.ctl_json("vm", "show", "lo")["record"]["present"])
        client.close()

    def check_aborted(self, client):
        self.assertEqual(client.event(), 1)
        vm = self.ctl_json("vm", "wait", "lo")
        self.assertEqual(vm["record"]["type"], "abort")
        self.assertIn("avx2", vm["record"]["present"])
        client.close()

    def test_interrupt_aborts(self):
        self.add()
        client = Client(self.loopback, AVX2)
        ctl = subprocess.Popen(self.command("announce", "lo", "--remove", "avx2",
                                            "--deadline", "60000"),
                               stderr=subprocess.PIPE, text=True)
        self.assertEqual(client.event(), 2)
        ctl.send_signal(signal.SIGINT)
        text = ctl.communicate(timeout=PATIENCE)[1]
        self.assertEqual(ctl.returncode, 7, text)
        self.assertIn("is as it was", text)
        self.check_aborted(client)

    def test_client_that_dies_aborts(self):
        self.add()
        client = Client(self.loopback, AVX2)
        ctl = subprocess.Popen(self.command("announce", "lo", "--remove", "avx2",
                                            "--deadline", "60000"))
        self.assertEqual(client.event(), 2)
        ctl.kill()
        ctl.wait()
        self.check_aborted(client)

    def test_abort_stops_an_announcement(self):
        self.add()
        client = Client(self.loopback, AVX2)
        ctl = subprocess.Popen(self.command("announce", "lo", "--remove", "avx2",
                                            "--deadline", "60000"),
                               stderr=subprocess.DEVNULL)
        self.assertEqual(client.event(), 2)
        busy = self.ctl("announce", "lo", "--add", "aes", code=1)
        self.assertIn("busy with announce", busy.stderr)
        busy = self.ctl("vm", "remove", "lo", code=1)
        self.assertIn("busy with announce", busy.stderr)
        self.ctl("abort", "lo", code=0)
        self.assertEqual(ctl.wait(PATIENCE), 7)
        self.check_aborted(client)

    def test_two_hundred_rounds(self):
        self.add()
        client = Client(self.loopback, AVX2)
        times = []
        for _ in range(200):
            ctl = subprocess.Popen(self.command("--json", "prepare", "lo",
                                                "--remove", "avx2"),
                                   stdout=subprocess.PIPE, text=True)
            self.assertEqual(client.event(), 2)
            self.assertEqual(client.ack(), 0)
            data = json.loads(ctl.communicate(timeout=PATIENCE)[0])
            times.append(data["ack_ms"])
            self.assertEqual(data["verdict"], "ack")
            self.ctl("abort", "lo", code=0)
            self.assertEqual(client.event(), 1)
        self.assertTrue(all(t > 0 for t in times))
        stats = self.ctl_json("vm", "show", "lo")["stats"]
        self.assertEqual(stats["acks"], 401)
        client.close()

    def test_stopping_the_daemon_releases_who_waits(self):
        self.add()
        client = Client(self.loopback, AVX2)
        ctl = subprocess.Popen(self.command("announce", "lo", "--remove", "avx2",
                                            "--deadline", "60000"),
                               stderr=subprocess.DEVNULL)
        self.assertEqual(client.event(), 2)
        self.daemon.terminate()
        self.assertEqual(self.daemon.wait(PATIENCE), 0)
        self.assertNotEqual(ctl.wait(PATIENCE), 0)
        self.assertEqual(client.event(), 1)
        client.close()

    def raw(self, data):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.settimeout(PATIENCE)
            s.connect(self.control)
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            reply = b""
            while chunk := s.recv(65536):
                reply += chunk
            return reply

    def test_raw_requests_are_survived(self):
        self.assertIn(b"malformed", self.raw(b"nonsense\n"))
        self.assertIn(b"malformed", self.raw(b"[]\n"))
        self.assertIn(b"unknown command", self.raw(b'{"command":"x"}\n'))
        self.assertIn(b"malformed",
                      self.raw(b'{"command":"vm-list","arguments":{"x":1}}\n'))
        self.assertEqual(self.raw(b'{"command":"vm-list"}'), b"")
        two = self.raw(b'{"command":"vm-list"}\n' * 2)
        self.assertEqual(two.count(b"\n"), 2)
        try:
            self.assertEqual(self.raw(b"x" * 1000000), b"")
        except (BrokenPipeError, ConnectionResetError):
            pass
        self.ctl("vm", "list", code=0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
