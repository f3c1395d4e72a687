"""Scanner guns on a serial port: USB-COM (CDC-ACM), RS-232. Each code ends with CR, LF or both."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from contract.problem import Problem, Retry
from devices.codes import LONGEST, Code, decoded
from devices.transports.serial import SerialPort

T = TypeVar("T")
_SLICE = 0.2  # seconds of one wait: so long a cancellation may take
_ENDS = re.compile(rb"[\r\n]+")


class SerialScanner:
    """A gun on a port. After it was unplugged the next call opens the port anew."""

    def __init__(self, port: str, baud: int = 9600) -> None:
        self._port, self._baud = port, baud
        self._line: SerialPort | None = None

    def watch(self, cancelled: Callable[[], bool], alive: Callable[[], None]) -> Iterator[Code]:
        """Codes until cancelled; half a code that was under way when the port went is forgotten."""
        held = b""
        while not cancelled():
            alive()
            held += self._read()
            *whole, held = _ENDS.split(held)
            yield from (decoded(each) for each in whole if each)
            if len(held) > LONGEST:
                raise Problem("codes.too_long", Retry.AGAIN)

    def status(self) -> dict[str, Any]:
        """Whether the port is there."""
        self._on_the_line(SerialPort.check)
        return {}

    def _read(self) -> bytes:
        return self._on_the_line(lambda line: line.read(LONGEST, time.monotonic() + _SLICE))

    def _on_the_line(self, do: Callable[[SerialPort], T]) -> T:
        if self._line is None:
            self._line = SerialPort(self._port, self._baud)
        try:
            return do(self._line)
        except Problem:
            self._line = None
            raise


OPEN = SerialScanner
