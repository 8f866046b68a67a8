# SPDX-License-Identifier: MIT
"""A host played by the test: the other end of the guest's channel by hand.

isahpd says only what is right, and waits for each answer. A test that wants to
say a thousand things in a row, or what no isahpd would say (another version of
the protocol, structures of other sizes, nonsense), plays the host itself:

    host = t.stand_in("rich", cpus.RICH)
    vm.boot(host)
    host.await_registered()
    said = host.say(ANNOUNCE, present)
    answer = host.await_answer(said)

The layout is that of include/isahp/abi.h.
"""

import array
import mmap
import os
import select
import shutil
import socket
import struct
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from .errors import LabError

SHM_SIZE, PAGE = 16384, 4096
HOST_MAGIC, GUEST_MAGIC = b"ISAHPHST", b"ISAHPGST"
RECORD_SLOT, RECORD = 64, 80
REPLY_SLOT, REPLY = 1024, 1040
REQUEST_SLOT, REQUEST = PAGE + 64, PAGE + 80
ARGS_SIZE = RESULT_SIZE = 960
RECORD_FORMAT = struct.Struct("<II16sQQII32s32s")
ANNOUNCE, PREPARE, COMMIT, ABORT = 1, 2, 3, 4
REGISTER, QUERY, ACKNOWLEDGE, REPORT, UNREGISTER = 1, 2, 3, 4, 5
INTEL, AMD = 1, 2
ACK, NAK = 0, 1
EPROTO, ENOSYS, EPROTONOSUPPORT = 71, 38, 93
PEER_GUEST, PEER_HOST = 0, 1
NO_FEATURES = bytes(32)


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82f63b78 if byte & 1 else 0)
        table.append(byte)
    return table


_TABLE = _crc_table()


def crc32c(data: bytes) -> int:
    crc = 0xffffffff
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xff]
    return crc ^ 0xffffffff


def features(*numbers: int) -> bytes:
    return sum(1 << n for n in numbers).to_bytes(32, "little")


def without(present: bytes, gone: bytes) -> bytes:
    return bytes(a & ~b for a, b in zip(present, gone))


@dataclass(frozen=True)
class Record:
    """What the host says. `extra` is what a newer host would say besides."""
    type: int
    epoch: bytes
    sequence: int
    present: bytes
    leaving: bytes = NO_FEATURES
    deadline_ns: int = 0
    vendor: int = INTEL
    vendor_next: int = 0
    flags: int = 0
    extra: bytes = b""

    def pack(self) -> bytes:
        return RECORD_FORMAT.pack(
            self.type, self.flags, self.epoch, self.sequence, self.deadline_ns,
            self.vendor, self.vendor_next or self.vendor, self.present,
            self.leaving) + self.extra


@dataclass(frozen=True)
class Answer:
    """An ACKNOWLEDGE of the guest's, and when it came."""
    epoch: bytes
    sequence: int
    verdict: int
    reason: int
    registrants: int
    concerned: int
    laggards: int
    untracked: int
    elapsed_ns: int
    at_ns: int
    args: bytes = field(repr=False, default=b"")


@dataclass
class Guest:
    """What a guest said when it registered."""
    version_min: int
    version: int
    xcr0: int
    pinned: bytes
    visible: bytes
    args_size: int


class Page:
    """The shared memory: slots written as a host writes them."""

    def __init__(self) -> None:
        self.fd = os.memfd_create("isahp-standin", os.MFD_CLOEXEC)
        os.ftruncate(self.fd, SHM_SIZE)
        self.map = mmap.mmap(self.fd, SHM_SIZE)

    def write_slot(self, at: int, payload_at: int, payload: bytes,
                   size: int | None = None, crc: int | None = None) -> None:
        """A slot; a wrong size or CRC on demand."""
        count, = struct.unpack_from("<I", self.map, at)
        struct.pack_into("<I", self.map, at, (count | 1) & 0xffffffff)
        self.map[payload_at:payload_at + len(payload)] = payload
        struct.pack_into("<III", self.map, at + 4,
                         len(payload) if size is None else size,
                         crc32c(payload) if crc is None else crc, 0)
        struct.pack_into("<I", self.map, at, ((count | 1) + 1) & 0xffffffff)

    def read_request(self) -> tuple[int, int, bytes] | None:
        """Token, number, arguments; None while there is nothing whole."""
        count, size, crc = struct.unpack_from("<III", self.map, REQUEST_SLOT)
        if count & 1 or not 16 <= size <= 16 + ARGS_SIZE:
            return None
        payload = self.map[REQUEST:REQUEST + size]
        again, = struct.unpack_from("<I", self.map, REQUEST_SLOT)
        if again != count or crc32c(payload) != crc:
            return None
        token, number, args_size = struct.unpack_from("<QII", payload)
        return token, number, payload[16:16 + args_size]

    def close(self) -> None:
        self.map.close()
        os.close(self.fd)


class StandIn:
    """A host for Vm.boot() and the like. One guest at a time."""

    def __init__(self, name: str, cpu: str, versions: tuple[int, int] = (1, 1),
                 present: bytes | None = None, record_extra: bytes = b"",
                 result_extra: bytes = b"", vendor: int = INTEL):
        self.name = name
        self.cpu = cpu
        self.shim = None
        self.versions = versions
        self.vendor = vendor
        self.epoch = os.urandom(16)
        self.sequence = 0
        self.guest: Guest | None = None
        self.answers: list[Answer] = []
        self.reports: list[tuple[int, int, str]] = []
        self.calls: list[int] = []
        self.left = 0
        self.mute = False
        # What the tests meddle with: the status of a call, what a reply says.
        self.judge: Callable[[int, bytes], int | None] = lambda n, a: None
        self.garble: Callable[[bytes], bytes] = lambda payload: payload
        self.record_extra = record_extra
        self.result_extra = result_extra
        self.changed = threading.Condition()
        self.page = Page()
        self._present = present
        self._seen = 0
        self._reply = b""
        self._guest_fd = [self._eventfd() for _ in range(2)]
        self._host_fd = [self._eventfd() for _ in range(2)]
        self._folder = Path(tempfile.mkdtemp(prefix="isahp-lab-"))
        self._listener: socket.socket | None = None
        self._sessions: list[socket.socket] = []
        self._over = False
        self.write_page()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __str__(self) -> str:
        return f"{self.name} ({self.cpu}), played by the test"

    @staticmethod
    def _eventfd() -> int:
        return os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def write_page(self) -> None:
        """The page anew, without a record."""
        self.page.map[:PAGE] = bytes(PAGE)
        struct.pack_into("<HH", self.page.map, 8, *self.versions)
        self.page.map[:8] = HOST_MAGIC

    # -- as Host has it --------------------------------------------------------

    def plug(self, vm: str, _qmp: Path) -> Path:
        path = self._folder / f"{vm}.sock"
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(4)
        threading.Thread(target=self._accept, args=(self._listener,),
                         daemon=True).start()
        return path

    def unplug(self, _vm: str) -> None:
        if self._listener:
            self._listener.close()
            self._listener = None

    def end(self) -> None:
        self._over = True
        self._thread.join()
        self.unplug("")
        for session in self._sessions:
            session.close()
        for fd in [*self._guest_fd, *self._host_fd]:
            os.close(fd)
        self.page.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _accept(self, listener: socket.socket) -> None:
        """The handshake of QEMU's docs/specs/ivshmem-spec."""
        try:
            session, _ = listener.accept()
        except OSError:
            return
        self._sessions.append(session)

        def tell(number: int, fd: int = -1) -> None:
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                       array.array("i", [fd]))] if fd >= 0 else []
            session.sendmsg([struct.pack("<q", number)], rights)

        tell(0)
        tell(PEER_GUEST)
        tell(-1, self.page.fd)
        for fd in self._host_fd:
            tell(PEER_HOST, fd)
        for fd in self._guest_fd:
            tell(PEER_GUEST, fd)

    # -- hypercalls ------------------------------------------------------------

    def _serve(self) -> None:
        while not self._over:
            ready, _, _ = select.select(self._host_fd, [], [], 0.05)
            for fd in ready:
                os.eventfd_read(fd)
            if not self.mute:
                self._look(bool(ready))

    def _look(self, rung: bool) -> None:
        """Serve a call; to one that rings again, the same reply again."""
        request = self.page.read_request()
        if not request:
            return
        token, number, args = request
        if token != self._seen:
            with self.changed:
                status, result = self._handle(number, args)
                self.calls.append(number)
                self._seen = token
                self._reply = struct.pack("<QiI", token, status,
                                          len(result)) + result
                self.changed.notify_all()
        elif not rung:
            return
        self.page.write_slot(REPLY_SLOT, REPLY, self.garble(self._reply))
        self.ring(1)

    def _handle(self, number: int, args: bytes) -> tuple[int, bytes]:
        status = self.judge(number, args)
        if status is not None:
            return status, b""
        if number == REGISTER:
            return self._register(args)
        if number == ACKNOWLEDGE:
            self._acknowledge(args)
        elif number == REPORT:
            kind, _, value = struct.unpack_from("<IIQ", args)
            self.reports.append((kind, value, args[16:128].split(b"\0")[0]
                                 .decode(errors="replace")))
        elif number == UNREGISTER:
            self.left += 1
            self.guest = None
        else:
            return -ENOSYS, b""
        return 0, b""

    def _register(self, args: bytes) -> tuple[int, bytes]:
        low, high, _, _, _, xcr0 = struct.unpack_from("<HHIIIQ", args)
        result = struct.pack("<HHI16s", self.versions[0],
                             min(high, self.versions[1]), 0, self.epoch)
        if low > self.versions[1] or high < self.versions[0]:
            return -EPROTONOSUPPORT, result
        self.guest = Guest(low, high, xcr0, args[32:64], args[64:96], len(args))
        return 0, result + self.result_extra

    def _acknowledge(self, args: bytes) -> None:
        values = struct.unpack_from("<16sQIIIIIIQ", args)
        self.answers.append(Answer(*values, time.monotonic_ns(), args))

    # -- for the owner ---------------------------------------------------------

    def ring(self, vector: int = 0) -> None:
        os.eventfd_write(self._guest_fd[vector], 1)

    def record(self, kind: int, present: bytes, leaving: bytes = NO_FEATURES,
               deadline_ms: int = 0, **more) -> Record:
        """The next record of this host, not yet said."""
        self.sequence += 1
        return Record(kind, self.epoch, self.sequence, present, leaving,
                      deadline_ms * 1000000,
                      **{"vendor": self.vendor, "extra": self.record_extra,
                         **more})

    def write(self, record: Record) -> None:
        self.page.write_slot(RECORD_SLOT, RECORD, record.pack())

    def say(self, kind: int, present: bytes, leaving: bytes = NO_FEATURES,
            deadline_ms: int = 0, **more) -> Record:
        """Put the next record into force."""
        record = self.record(kind, present, leaving, deadline_ms, **more)
        self.write(record)
        self.ring()
        return record

    def wait(self, condition: Callable[[], bool], what: str,
             timeout_s: float = 60) -> None:
        with self.changed:
            if not self.changed.wait_for(condition, timeout_s):
                raise LabError(f"{self.name}: no sign of {what} within "
                               f"{timeout_s:.0f} s")

    def await_registered(self) -> Guest:
        self.wait(lambda: self.guest is not None, "the guest's registration")
        assert self.guest
        return self.guest

    def find(self, said: Record) -> list[Answer]:
        return [a for a in self.answers
                if (a.epoch, a.sequence) == (said.epoch, said.sequence)]

    def await_answer(self, said: Record, verdict: int | None = None,
                     timeout_s: float = 60) -> Answer:
        """The guest's answer to a record: its last so far, or the first with
        this verdict."""
        def found() -> list[Answer]:
            return [a for a in self.find(said)
                    if verdict is None or a.verdict == verdict]

        self.wait(lambda: bool(found()),
                  f"the answer to sequence {said.sequence}", timeout_s)
        with self.changed:
            return found()[-1 if verdict is None else 0]
