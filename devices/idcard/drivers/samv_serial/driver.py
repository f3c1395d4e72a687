"""Desktop identity-card readers on a serial port, real or virtual."""

from __future__ import annotations

from devices.idcard.desktop import DesktopReader
from devices.transports.serial import SerialPort


def OPEN(port: str, baud: int = 115200, photo_library: str = "") -> DesktopReader:
    return DesktopReader(lambda: SerialPort(port, baud), photo_library)
