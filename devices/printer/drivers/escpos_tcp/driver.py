"""A receipt printer on the network: ESC/POS over TCP, as a rule port 9100 (also called JetDirect or raw)."""

from __future__ import annotations

from devices.printer.thermal import ThermalPrinter
from devices.transports.tcp import TcpLine


def OPEN(host: str, port: int, answer: float, confirm: float, patience: float) -> ThermalPrinter:
    return ThermalPrinter(lambda: TcpLine(host, port, patience), answer=answer, confirm=confirm)
