# SPDX-License-Identifier: MIT
"""A guest's physical memory, written from outside by QEMU's gdbstub. For tests
that need what an emulator does not do and hardware does."""

import re
import socket

from .errors import LabError
from .vm import Vm


class _Stub:
    """The remote serial protocol, as far as is needed (GDB manual, appendix
    E). The guest stands still while somebody is connected."""

    def __init__(self, path: str):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(30)
        self._socket.connect(path)

    def ask(self, packet: str) -> str:
        self._socket.sendall(f"${packet}#{sum(packet.encode()) % 256:02x}".encode())
        got = b""
        # It may say first why it has stopped; "+" acknowledges either way.
        while not (found := re.search(rb"\+\$([^#]*)#..$", got)):
            more = self._socket.recv(4096)
            if not more:
                raise LabError(f"gdbstub: no answer to {packet}")
            got += more
        self._socket.sendall(b"+")
        return found[1].decode()

    def close(self) -> None:
        self._socket.close()


def write(vm: Vm, address: int, data: bytes) -> None:
    """Write bytes at a physical address, and read them back."""
    qemu = vm.body.qemu
    path = f"{vm.run_dir}/{qemu.name}.gdb"
    monitor = "human-monitor-command"
    qemu.qmp.execute(monitor,
                     command_line=f"gdbserver unix:{path},server=on,wait=off")
    stub = _Stub(path)
    try:
        answers = [stub.ask("Qqemu.PhyMemMode:1"),
                   stub.ask(f"M{address:x},{len(data):x}:{data.hex()}"),
                   stub.ask(f"m{address:x},{len(data):x}"), stub.ask("D")]
    finally:
        stub.close()
        qemu.qmp.execute(monitor, command_line="gdbserver none")
    if answers != ["OK", "OK", data.hex(), "OK"]:
        raise LabError(f"gdbstub: {answers}")
    qemu.qmp.wait_status("running")
