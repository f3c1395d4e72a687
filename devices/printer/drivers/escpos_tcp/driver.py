"""A receipt printer on the network: ESC/POS over TCP, as a rule port 9100 (also called JetDirect or raw)."""

from __future__ import annotations

import contextlib
import socket
import struct

from contract.problem import Problem, Retry
from devices.printer.thermal import ThermalPrinter


class TcpLink:
    """A connection to the printer. `patience` bounds connecting and each write."""

    def __init__(self, host: str, port: int, patience: float) -> None:
        try:
            self._socket = socket.create_connection((host, port), timeout=patience)
        except OSError as error:
            raise Problem("printer.unreachable", Retry.AFTER_FIX, where=f"{host}:{port}") from error
        self._where = f"{host}:{port}"
        self._patience = patience

    def write(self, data: bytes) -> None:
        self._socket.settimeout(self._patience)
        try:
            self._socket.sendall(data)
        except TimeoutError as error:
            raise Problem("printer.stuck", Retry.AFTER_FIX, where=self._where) from error
        except OSError as error:
            raise Problem("printer.unreachable", Retry.AFTER_FIX, where=self._where) from error

    def read(self, patience: float) -> bytes:
        self._socket.settimeout(max(patience, 0.01))
        try:
            data = self._socket.recv(256)
        except TimeoutError:
            return b""
        except OSError as error:
            raise Problem("printer.unreachable", Retry.AFTER_FIX, where=self._where) from error
        if not data:
            raise Problem("printer.unreachable", Retry.AFTER_FIX, where=self._where)
        return data

    def close(self) -> None:
        self._socket.close()

    def drop(self) -> None:
        """Close and throw away what the operating system has not sent yet, so that it is not printed later."""
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()


def OPEN(host: str, port: int, answer: float, confirm: float, patience: float) -> ThermalPrinter:
    return ThermalPrinter(lambda: TcpLink(host, port, patience), answer=answer, confirm=confirm)
