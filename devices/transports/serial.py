"""Serial ports, by pyserial: ``COM3``, ``/dev/ttyUSB0``, a pty's path, or ``socket://host:port``."""

from __future__ import annotations

import errno
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import serial

try:
    from termios import error as TermiosError  # what a tty that went away raises; no OSError
except ImportError:  # Windows
    TermiosError = OSError  # type: ignore[misc,assignment]

from contract.problem import Problem, Retry

_SLICE = 0.05  # seconds; setting pyserial's timeout anew for each read would reconfigure the port each time
_DENIED = {errno.EACCES, errno.EPERM}


class SerialPort:
    """An open serial line, 8N1, for one program at a time.

    Every method raises Problem device.unplugged where the device is gone; the port must then be opened anew.
    """

    def __init__(self, port: str, baud: int = 115200, flow: str = "none", patience: float = 5.0) -> None:
        """Open the port.

        Args:
            flow: Flow control: none, rts_cts or dsr_dtr.
            patience: Seconds that a write may take.

        Raises:
            Problem: device.no_port_chosen, device.no_such_port, device.port_denied, device.port_busy.
        """
        if not port:
            raise Problem("device.no_port_chosen", Retry.AFTER_FIX)
        if "://" in port and not port.startswith("socket://"):
            # pyserial's other schemes can write what passes to a file (spy://) or open any port (hwgrep://).
            raise Problem("device.no_such_port", Retry.AFTER_FIX, port=port)
        self._port = port
        try:
            self._line: serial.Serial = serial.serial_for_url(
                port,
                baudrate=baud,
                timeout=_SLICE,
                write_timeout=patience,
                exclusive=True,
                rtscts=flow == "rts_cts",
                dsrdtr=flow == "dsr_dtr",
            )
        except serial.SerialException as error:
            raise _opening_problem(port, error) from None
        except (OSError, ValueError):  # ValueError: not a port's name or a rate that it cannot do
            raise Problem("device.no_such_port", Retry.AFTER_FIX, port=port) from None

    def write(self, data: bytes) -> None:
        """Send bytes. Raises Problem device.stuck where they are not taken in time: the other end holds CTS down."""
        with self._unplugged():
            try:
                self._line.write(data)  # no flush: draining a stuck USB adapter knows no timeout
            except serial.SerialTimeoutException:
                raise Problem("device.stuck", Retry.AFTER_FIX, where=self._port) from None

    def read(self, size: int, deadline: float) -> bytes:
        """Up to `size` bytes, as soon as some are there; nothing if none came before `deadline` (time.monotonic)."""
        with self._unplugged():
            while True:
                data = self._line.read(size)
                if data or time.monotonic() >= deadline:
                    return bytes(data)

    def check(self) -> None:
        """Whether the line is still there; reads nothing."""
        with self._unplugged():
            _ = self._line.in_waiting

    def drop_input(self) -> None:
        """Forget what has come and was not read."""
        with self._unplugged():
            self._line.reset_input_buffer()

    def close(self) -> None:
        """Close the line. Safe to call twice."""
        self._line.close()

    def drop(self) -> None:
        """Close the line and forget what the system has not sent yet."""
        with suppress(OSError, TermiosError, AttributeError, TypeError):  # a socket:// port has no output buffer
            self._line.reset_output_buffer()
        self._line.close()

    @contextmanager
    def _unplugged(self) -> Iterator[None]:
        try:
            yield
        except (serial.SerialException, OSError, TermiosError, TypeError):  # TypeError: pyserial, on a closed port
            self.close()
            raise Problem("device.unplugged", Retry.AFTER_FIX, port=self._port) from None


def _opening_problem(port: str, error: serial.SerialException) -> Problem:
    number = error.errno
    if number is None and isinstance(error.__context__, OSError):
        number = error.__context__.errno
    text = str(error)
    if sys.platform == "win32" and "PermissionError" in text:
        return Problem("device.port_busy", Retry.AFTER_FIX, port=port)  # Windows denies what another program holds
    if number in _DENIED or "PermissionError" in text:
        return Problem("device.port_denied", Retry.AFTER_FIX, port=port)
    if number == errno.EBUSY or "exclusively lock" in text:
        return Problem("device.port_busy", Retry.AFTER_FIX, port=port)
    return Problem("device.no_such_port", Retry.AFTER_FIX, port=port)
