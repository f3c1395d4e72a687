"""A receipt printer on a serial line: ESC/POS over RS-232, a USB-serial adapter, a pty or `socket://`."""

from __future__ import annotations

from devices.printer.thermal import ThermalPrinter
from devices.transports.serial import SerialPort


def OPEN(port: str, baud: int, flow: str, answer: float, confirm: float, patience: float) -> ThermalPrinter:
    return ThermalPrinter(lambda: SerialPort(port, baud, flow, patience), answer=answer, confirm=confirm)
