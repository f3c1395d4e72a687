"""A receipt printer on USB: ESC/POS through the printer class's bulk endpoints, without a driver of the system's."""

from __future__ import annotations

from devices.printer.thermal import ThermalPrinter
from devices.transports.usb import UsbPrinter, usb_id


def OPEN(device: str, answer: float, confirm: float, patience: float) -> ThermalPrinter:
    vendor, product = usb_id(device)
    return ThermalPrinter(lambda: UsbPrinter(vendor, product, patience), answer=answer, confirm=confirm)
