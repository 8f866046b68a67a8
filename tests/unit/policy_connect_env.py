# SPDX-License-Identifier: MIT
"""What tests of connections share: an account of their own, and hosts to reach.

Arguments of the tests: ISAHPCTL ISAHPCTL_WITHOUT_LIBVIRT

libvirt's session daemon does not serve root, and neither it nor ssh may touch what
belongs to whoever runs the tests: all of it runs with a home, a run-time folder and,
for root, a user of its own.
"""
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import unittest

PATIENCE = 60
NOBODY = 65534
LOGIN = "isahp"


class Account:
    """A folder, and a user who lives in it."""

    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="isahp-connect-"))
        self.home, self.run_dir = self.dir / "home", self.dir / "run"
        self.home.mkdir(mode=0o700)
        self.run_dir.mkdir(mode=0o700)
        # Where the tests were built others may not be able to look.
        self.programs = []
        for i, program in enumerate(sys.argv[1:3]):
            self.programs.append(str(self.dir / f"isahpctl-{i}"))
            shutil.copy(program, self.programs[i])
        self.root = os.geteuid() == 0
        self.uid = NOBODY if self.root else os.getuid()
        if self.root:
            for path in self.dir, self.home, self.run_dir:
                os.chown(path, NOBODY, NOBODY)
        keep = {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}
        # A sanitizer's log is in a folder of whoever runs the tests.
        if self.root:
            keep = {}
        self.environ = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C",
                        "HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.run_dir),
                        **keep}

    def popen(self, argv, **more):
        env = {**self.environ, **more.pop("env", {})}
        if self.root:
            more.update(user=NOBODY, group=NOBODY, extra_groups=[])
        return subprocess.Popen(argv, env=env, **more)

    def ctl(self, *args, code=0, program=0):
        child = self.popen([self.programs[program], *args], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            out, err = child.communicate(timeout=PATIENCE)
        finally:
            child.kill()
        if child.returncode != code or err.count("\n") != bool(code):
            raise AssertionError(f"{args}: {child.returncode}\n{out}{err}")
        return err if code else out

    def write(self, name, text, mode=0o644):
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        path.chmod(mode)
        if self.root:
            os.chown(path, NOBODY, NOBODY)
            os.chown(path.parent, NOBODY, NOBODY)
        return str(path)

    def pool(self, name, hosts, **more):
        return self.write(f"{name}.pool", json.dumps(
            {"isahp-pool": 1, "name": name, "hosts": hosts, **more}))

    def fake_ssh(self, name, body):
        """-> a URI whose ssh is this script"""
        script = self.write(name, "#!/bin/sh\n" + textwrap.dedent(body), 0o755)
        return f"qemu+ssh://root@{name}/system?command={script}"

    def end(self):
        """Whatever daemon was started in the folder ends with it."""
        for pid in self.processes("libvirtd"):
            os.kill(pid, signal.SIGTERM)
            wait_gone(pid)
        shutil.rmtree(self.dir)

    def processes(self, name):
        """Those of this account that are called so."""
        found = []
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                environ = (entry / "environ").read_bytes().split(b"\0")
                called = (entry / "comm").read_text(encoding="utf-8").strip()
            except OSError:
                continue
            if f"HOME={self.home}".encode() in environ and called == name:
                found.append(int(entry.name))
        return found


def wait_gone(pid):
    """Until a process that is not our child has ended."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    gone = poll.poll(PATIENCE * 1000)
    os.close(fd)
    if not gone:
        raise AssertionError(f"process {pid} lives on")


class Server:
    """An ssh server on the loopback, for one user and one key, both made up.

    It is dropbear, since installing it starts no service; libnss_wrapper makes it see
    the user. Each connection is a process of its own, as inetd would start it.
    """

    NEEDS = ("/usr/sbin/dropbear", "/usr/bin/dropbearkey", "/usr/bin/ssh",
             "/usr/bin/ssh-keygen", "/usr/bin/virt-ssh-helper")

    def __init__(self, account):
        self.account = account
        home, folder = account.home, account.dir
        account.write("passwd", f"{LOGIN}:x:{account.uid}:{account.uid}::{home}:/bin/sh\n")
        account.write("group", f"{LOGIN}:x:{account.uid}:\n")
        public = self.tool("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                           str(folder / "key")) or (folder / "key.pub").read_text()
        self.tool("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                  str(folder / "other-key"))
        said = self.tool("dropbearkey", "-t", "ed25519", "-f", str(folder / "host-key"))
        self.host_key = next(l for l in said.splitlines() if l.startswith("ssh-"))
        account.write("home/.ssh/authorized_keys", public, 0o600)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        account.write("known_hosts", f"[127.0.0.1]:{self.port} {self.host_key}\n")
        account.write("no_hosts", "")
        self.children = []
        threading.Thread(target=self.serve, daemon=True).start()

    def tool(self, *argv):
        child = self.account.popen(argv, stdout=subprocess.PIPE, text=True,
                                   stderr=subprocess.DEVNULL)
        return child.communicate(timeout=PATIENCE)[0]

    def serve(self):
        folder = self.account.dir
        env = {"LD_PRELOAD": "libnss_wrapper.so", "NSS_WRAPPER_PASSWD": f"{folder}/passwd",
               "NSS_WRAPPER_GROUP": f"{folder}/group"}
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            with connection, open(folder / "server.log", "ab") as log:
                self.children.append(self.account.popen(
                    ["/usr/sbin/dropbear", "-i", "-s", "-r", f"{folder}/host-key"],
                    stdin=connection, stdout=connection, stderr=log, env=env))

    def uri(self, key="key", hosts="known_hosts", port=None):
        """Over the real ssh, which takes nothing from the user's configuration."""
        folder = self.account.dir
        script = self.account.write(f"ssh-{key}-{hosts}", f"""\
            #!/bin/sh
            exec ssh -F none -o IdentitiesOnly=yes -i {folder}/{key} \\
                -o UserKnownHostsFile={folder}/{hosts} \\
                -o GlobalKnownHostsFile=/dev/null "$@"
            """, 0o755)
        return f"qemu+ssh://{LOGIN}@127.0.0.1:{port or self.port}/session?command={script}"

    def end(self):
        self.listener.close()
        for child in self.children:
            child.kill()
            child.wait(PATIENCE)


class Socket:
    """A Unix socket that the account may connect to."""

    def __init__(self, account, name):
        self.path = str(account.dir / name)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        os.chmod(self.path, 0o666)
        self.listener.listen()

    def qemu(self, account):
        """-> a QEMU without a machine, behind this socket"""
        number = self.listener.fileno()
        return account.popen(["qemu-system-x86_64", "-machine", "none", "-nodefaults",
                              "-display", "none", "-mon", "chardev=m,mode=control", "-chardev",
                              f"socket,id=m,fd={number},server=on,wait=off"],
                             pass_fds=[number])

    def say(self, *lines):
        """Take one call, and say each line when something was said, the first at once."""
        def talk():
            connection = self.listener.accept()[0]
            with connection:
                try:
                    for i, line in enumerate(lines):
                        if i:
                            connection.recv(65536)
                        connection.sendall(line)
                    while connection.recv(65536):
                        pass
                except OSError:
                    pass
        threading.Thread(target=talk, daemon=True).start()

    def end(self):
        self.listener.close()


def closed_port():
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def known(profile):
    """-> {(leaf, subleaf, register): (value, known bits)}"""
    out = {}
    for row in profile["cpuid"]:
        for register in "eax", "ebx", "ecx", "edx":
            value, _, mask = row.get(register, "0x0/0x0").partition("/")
            out[row["leaf"], row["subleaf"], register] = (
                int(value, 16), int(mask, 16) if mask else 0xffffffff)
    return out


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.account = Account()

    @classmethod
    def tearDownClass(cls):
        cls.account.end()

    def profile(self, *args):
        return json.loads(self.account.ctl("host", "profile", *args))
