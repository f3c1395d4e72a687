"""TCP connections: devices on the network that speak bytes, such as receipt printers on port 9100 (JetDirect, raw)."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager

from contract.problem import Problem, Retry

_READ_AT_ONCE = 4096
_SHORTEST = 0.01  # seconds; a socket's timeout of zero would mean something else


class TcpLine:
    """An open connection. `patience` bounds connecting and each write, in seconds.

    Every method raises Problem device.unreachable where the other end is gone; it must then be connected anew.
    """

    def __init__(self, host: str, port: int, patience: float = 10.0) -> None:
        """Connect.

        Raises:
            Problem: device.unreachable.
        """
        self._where = f"{host}:{port}"
        self._patience = patience
        with self._reachable():
            self._socket = socket.create_connection((host, port), timeout=patience)

    def write(self, data: bytes) -> None:
        """Send bytes. Raises Problem device.stuck where they are not taken in time."""
        self._socket.settimeout(self._patience)
        with self._reachable():
            try:
                self._socket.sendall(data)
            except TimeoutError:
                raise Problem("device.stuck", Retry.AFTER_FIX, where=self._where) from None

    def read(self, size: int, deadline: float) -> bytes:
        """Up to `size` bytes, as soon as some are there; nothing if none came before `deadline` (time.monotonic)."""
        self._socket.settimeout(max(deadline - time.monotonic(), _SHORTEST))
        with self._reachable():
            try:
                data = self._socket.recv(min(size, _READ_AT_ONCE))
            except TimeoutError:
                return b""
        if not data:
            raise Problem("device.unreachable", Retry.AFTER_FIX, where=self._where)
        return data

    def close(self) -> None:
        """End the connection; what was written still arrives. Safe to call twice."""
        self._socket.close()

    def drop(self) -> None:
        """End the connection and forget what the system has not sent yet."""
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            raise Problem("device.unreachable", Retry.AFTER_FIX, where=self._where) from None
