"""Desktop identity-card readers that speak in HID reports (2B8B:2721)."""

from __future__ import annotations

import threading

from devices.idcard.desktop import DesktopReader
from devices.transports.hid import HidReports

VENDOR, PRODUCT = 0x2B8B, 0x2721
_READ = 0x30  # the commands that read the card
_PAUSE = 0.1  # seconds that these readers want before a card's answer is fetched


class PacedReports(HidReports):
    """Reports with the pause that these readers want."""

    def write(self, data: bytes) -> None:
        super().write(data)
        if data[7:8] == bytes([_READ]):
            threading.Event().wait(_PAUSE)


def OPEN(photo_library: str = "") -> DesktopReader:
    return DesktopReader(lambda: PacedReports(VENDOR, PRODUCT), photo_library)
