# SPDX-License-Identifier: MIT
"""The host's end of the reliable line; tests/e2e/guest/link.h defines it.

The line survives the moves of its VM: `attach` gives it the socket of the
next QEMU, after which both ends send again what the other has not got.
"""

import secrets
import selectors
import socket
import threading
import time
import zlib
from collections import deque
from typing import Callable

PAYLOAD_MAX = 16000
RESEND_AFTER_S = 2.0
NO_SESSION = b"00000000"


def escape(payload: bytes) -> bytes:
    return b"".join(
        b"\\x%02x" % c if c < 0x20 or c in (0x5c, 0x7f) else bytes([c])
        for c in payload)


def unescape(text: bytes) -> bytes:
    """ValueError on a torn escape."""
    parts = text.split(b"\\")
    out = [parts[0]]
    for part in parts[1:]:
        if part[:1] != b"x" or len(part) < 3:
            raise ValueError("torn escape")
        out.append(bytes([int(part[1:3], 16)]) + part[3:])
    return b"".join(out)


def encode(session: bytes, seq: int, ack: int, payload: bytes) -> bytes:
    body = b"@%s %d %d %s" % (session, seq, ack, escape(payload))
    return b"\n%s #%08x\n" % (body, zlib.crc32(body))


def decode(line: bytes) -> tuple[bytes, int, int, bytes] | None:
    """(session, seq, ack, payload), or None for what is not a whole frame."""
    body, crc = line[:-10], line[-10:]
    if not body.startswith(b"@") or crc != b" #%08x" % zlib.crc32(body):
        return None
    try:
        session, seq, ack, payload = body[1:].split(b" ", 3)
        return session, int(seq), int(ack), unescape(payload)
    except ValueError:
        return None


class Link:
    """One session with one guest. Thread-safe; `on_frame` and `on_reset_due`
    run on the link's own thread."""

    def __init__(self, on_frame: Callable[[bytes], None]):
        self.on_frame = on_frame
        self.session = secrets.token_hex(4).encode()
        self.established = False
        self.frames = 0          # received in order
        self.duplicates = 0      # received again
        self.torn = 0            # lines that were no frame
        self._tx_last = 0
        self._rx_last = 0
        self._kept: deque[tuple[int, bytes]] = deque()
        self._asked = False
        self._progress = time.monotonic()
        self._lock = threading.RLock()
        self._out = bytearray()
        self._partial = b""
        self._sock: socket.socket | None = None
        self._old: list[socket.socket] = []
        self._closed = False
        self._wake_r, self._wake_w = socket.socketpair()
        self._wake_r.setblocking(False)
        self._thread = threading.Thread(target=self._serve, daemon=True,
                                        name="lab-link")
        self._thread.start()

    # -- for the owner ------------------------------------------------------

    def attach(self, sock: socket.socket) -> None:
        """Speak through this socket from now on, and drain the former ones
        until they end."""
        sock.setblocking(False)
        with self._lock:
            if self._sock:
                self._old.append(self._sock)
            self._sock = sock
            self._out.clear()
            self._asked = False
            if self.established:
                self._word(b"resend")
                self._send_again()
            else:
                self._word(b"reset")
        self._wake()

    def send(self, payload: bytes) -> None:
        """Deliver once and in order, whatever the line does."""
        if len(payload) > PAYLOAD_MAX:
            raise ValueError(f"{len(payload)} bytes for one frame: "
                             f"at most {PAYLOAD_MAX}")
        with self._lock:
            self._tx_last += 1
            if not self._kept:
                self._progress = time.monotonic()
            self._kept.append((self._tx_last, payload))
            self._frame(self._tx_last, payload)
        self._wake()

    def close(self) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._wake()
        self._thread.join(5)
        for sock in [self._sock, *self._old, self._wake_r, self._wake_w]:
            if sock:
                sock.close()

    # -- frames; all with the lock held --------------------------------------

    def _frame(self, seq: int, payload: bytes) -> None:
        self._out += encode(self.session, seq, self._rx_last, payload)

    def _word(self, word: bytes) -> None:
        self._frame(0, word)

    def _send_again(self) -> None:
        for seq, payload in self._kept:
            self._frame(seq, payload)
        self._progress = time.monotonic()

    def _tick(self) -> None:
        if self._out or time.monotonic() - self._progress < RESEND_AFTER_S:
            return
        if not self.established:
            self._word(b"reset")
        elif self._kept:
            self._asked = False
            self._send_again()
        self._progress = time.monotonic()

    def _line(self, line: bytes) -> bytes | None:
        """The payload to hand on, if the line brought the next one."""
        if not line:
            return None
        frame = decode(line)
        if frame is None:
            self.torn += 1
            return None
        session, seq, ack, payload = frame
        if session == NO_SESSION and payload == b"boot":
            self._word(b"reset")
        if session != self.session:
            return None
        self.established = True
        while self._kept and self._kept[0][0] <= ack:
            self._kept.popleft()
            self._progress = time.monotonic()
        if seq == 0:
            if payload == b"resend":
                self._send_again()
            return None
        return self._numbered(seq, payload)

    def _numbered(self, seq: int, payload: bytes) -> bytes | None:
        if seq == self._rx_last + 1:
            self._rx_last = seq
            self._asked = False
            self.frames += 1
            self._word(b"ack")
            return payload
        if seq <= self._rx_last:
            self.duplicates += 1
            self._word(b"ack")
        elif not self._asked:
            self._asked = True
            self._word(b"resend")
        return None

    # -- the thread -----------------------------------------------------------

    def _wake(self) -> None:
        try:
            self._wake_w.send(b"x")
        except (BlockingIOError, OSError):
            pass

    def _serve(self) -> None:
        while True:
            with self._lock:
                if self._closed:
                    return
                self._tick()
                sock, old, want = self._sock, list(self._old), bool(self._out)
            with selectors.DefaultSelector() as sel:
                sel.register(self._wake_r, selectors.EVENT_READ)
                if sock:
                    sel.register(sock, selectors.EVENT_READ |
                                 (selectors.EVENT_WRITE if want else 0))
                for other in old:
                    sel.register(other, selectors.EVENT_READ)
                ready = [(key.fileobj, mask) for key, mask in sel.select(0.5)]
            for source, mask in ready:
                self._handle(source, mask)

    def _handle(self, source, mask: int) -> None:
        if source is self._wake_r:
            try:
                source.recv(4096)
            except OSError:
                pass
            return
        if mask & selectors.EVENT_WRITE:
            self._write(source)
        if mask & selectors.EVENT_READ:
            self._read(source)

    def _write(self, sock: socket.socket) -> None:
        with self._lock:
            if sock is not self._sock:
                return
            try:
                del self._out[:sock.send(self._out)]
            except BlockingIOError:
                pass
            except OSError:
                self._out.clear()

    def _read(self, sock: socket.socket) -> None:
        try:
            data = sock.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            with self._lock:
                if sock is self._sock:
                    self._sock = None
                elif sock in self._old:
                    self._old.remove(sock)
            sock.close()
            return
        with self._lock:
            *lines, self._partial = (self._partial + data).split(b"\n")
            got = [p for p in map(self._line, lines) if p is not None]
        for payload in got:
            self.on_frame(payload)
