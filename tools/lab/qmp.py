# SPDX-License-Identifier: MIT
"""QEMU's machine protocol, synchronous. Events are passed over: state is asked
for."""

import json
import socket
import time
from typing import Any

from .errors import LabError


class QmpError(LabError):
    """QEMU refused a command."""


class Qmp:
    def __init__(self, sock: socket.socket):
        self._sock = sock
        self._buffer = b""
        self._read_until(lambda m: "QMP" in m, 60)
        self.execute("qmp_capabilities")

    def _message(self, timeout_s: float) -> dict[str, Any]:
        deadline = time.monotonic() + timeout_s
        while b"\n" not in self._buffer:
            self._sock.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                data = self._sock.recv(65536)
            except TimeoutError:
                raise LabError(f"QEMU: no word on QMP for "
                               f"{timeout_s:.0f} s") from None
            except OSError as error:
                raise LabError(f"QEMU: QMP is gone: {error}") from None
            if not data:
                raise LabError("QEMU: QMP is gone: it has ended")
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return json.loads(line)

    def _read_until(self, match, timeout_s: float) -> dict[str, Any]:
        deadline = time.monotonic() + timeout_s
        while True:
            message = self._message(max(0.01, deadline - time.monotonic()))
            if match(message):
                return message

    def execute(self, command: str, timeout_s: float = 60,
                **arguments: Any) -> Any:
        """Underscores in argument names become dashes."""
        request: dict[str, Any] = {"execute": command}
        if arguments:
            request["arguments"] = {k.replace("_", "-"): v
                                    for k, v in arguments.items()}
        self._sock.sendall(json.dumps(request).encode() + b"\n")
        answer = self._read_until(
            lambda m: "return" in m or "error" in m, timeout_s)
        if "error" in answer:
            raise QmpError(f"QEMU: {command}: {answer['error']['desc']}")
        return answer["return"]

    def wait_status(self, *wanted: str, timeout_s: float = 60) -> str:
        """Wait until the VM's run state is one of these."""
        deadline = time.monotonic() + timeout_s
        while True:
            status = self.execute("query-status")["status"]
            if status in wanted:
                return status
            if time.monotonic() > deadline:
                raise LabError(f"QEMU: is {status}, not {' or '.join(wanted)}")
            time.sleep(0.01)

    def wait_migration(self, timeout_s: float = 120) -> dict[str, Any]:
        """Wait for the end of an outgoing migration; raises when it failed."""
        deadline = time.monotonic() + timeout_s
        while True:
            info = self.execute("query-migrate")
            status = info.get("status")
            if status == "completed":
                return info
            if status in ("failed", "cancelled"):
                raise QmpError(f"QEMU: migration {status}: "
                               f"{info.get('error-desc', 'no reason given')}")
            if time.monotonic() > deadline:
                raise LabError(f"QEMU: migration still {status}")
            time.sleep(0.02)

    def close(self) -> None:
        self._sock.close()
