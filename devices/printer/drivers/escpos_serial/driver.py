"""A receipt printer on a serial line: ESC/POS over RS-232, a USB-serial adapter, a pty or `socket://`."""

from __future__ import annotations

import contextlib

import serial

from contract.problem import Problem, Retry
from devices.printer.thermal import ThermalPrinter


class SerialLink:
    """An open port. `patience` bounds each write: a printer that holds CTS down takes nothing."""

    def __init__(self, port: str, baud: int, flow: str, patience: float) -> None:
        self._port = port
        if "://" in port and not port.startswith("socket://"):
            # pyserial's other schemes can write what passes to a file (spy://) or open any port (hwgrep://)
            raise Problem("printer.unreachable", Retry.AFTER_FIX, where=port)
        try:
            self._serial = serial.serial_for_url(
                port,
                baudrate=baud,
                rtscts=flow == "rts_cts",
                dsrdtr=flow == "dsr_dtr",
                xonxoff=False,
                write_timeout=patience,
            )
        except (OSError, ValueError) as error:  # SerialException is an OSError
            raise Problem("printer.unreachable", Retry.AFTER_FIX, where=port) from error

    def write(self, data: bytes) -> None:
        try:
            self._serial.write(data)
            self._serial.flush()
        except serial.SerialTimeoutException as error:
            raise Problem("printer.stuck", Retry.AFTER_FIX, where=self._port) from error
        except OSError as error:
            raise Problem("printer.unreachable", Retry.AFTER_FIX, where=self._port) from error

    def read(self, patience: float) -> bytes:
        try:
            self._serial.timeout = max(patience, 0.01)
            first: bytes = self._serial.read(1)
            return first + (self._serial.read(self._serial.in_waiting) if first else b"")
        except (OSError, TypeError) as error:  # TypeError: pyserial's own way of saying that the port went away
            raise Problem("printer.unreachable", Retry.AFTER_FIX, where=self._port) from error

    def close(self) -> None:
        self._serial.close()

    def drop(self) -> None:
        with contextlib.suppress(OSError, AttributeError):  # a socket:// port has no output buffer to throw away
            self._serial.reset_output_buffer()
        self._serial.close()


def OPEN(port: str, baud: int, flow: str, answer: float, confirm: float, patience: float) -> ThermalPrinter:
    return ThermalPrinter(lambda: SerialLink(port, baud, flow, patience), answer=answer, confirm=confirm)
