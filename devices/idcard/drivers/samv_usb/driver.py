"""Desktop identity-card readers on USB's bulk transfers (0400:C35A)."""

from __future__ import annotations

from devices.idcard.desktop import DesktopReader
from devices.transports.usb import UsbBulk, usb_id


def OPEN(device: str = "0400:c35a", photo_library: str = "") -> DesktopReader:
    vendor, product = usb_id(device)
    return DesktopReader(lambda: UsbBulk(vendor, product), photo_library)
