"""What is plugged in: USB devices by their numbers, and the serial ports that some of them are.

On Linux the kernel's own list is read; elsewhere pyserial's list of ports, so that only what is a port is seen there.
It is looked at again and again rather than told by udev: that works in a container, for any user, and on Windows.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

SYS = Path("/sys")
_LINES = ("ttyUSB*", "ttyACM*")  # what USB's serial ports are called
_HUB = "09"  # the device class of what only carries others


@dataclass(frozen=True, order=True)
class Thing:
    """One thing that is plugged in.

    Attributes:
        place: Where: two equal things differ in it.
        usb_id: ``0400:c35a``; empty for a port that is none of USB's.
        name: What it calls itself.
        port: The serial port that it is, ``/dev/ttyUSB0`` or ``COM3``; empty for what is none.
    """

    place: str
    usb_id: str = ""
    name: str = ""
    port: str = ""


def things(sys_folder: Path = SYS) -> tuple[Thing, ...]:
    """What is plugged in now, in a steady order."""
    return _by_kernel(sys_folder) if sys.platform == "linux" else _by_ports()


def _by_kernel(sys_folder: Path) -> tuple[Thing, ...]:
    lines = (tty for kind in _LINES for tty in (sys_folder / "class/tty").glob(kind))
    ports = {tty.resolve(): f"/dev/{tty.name}" for tty in lines}
    found = []
    for entry in (sys_folder / "bus/usb/devices").glob("*"):
        vendor, product = _word(entry / "idVendor"), _word(entry / "idProduct")
        if not vendor or not product or _word(entry / "bDeviceClass") == _HUB:
            continue
        place = entry.resolve()
        port = next((name for tty, name in sorted(ports.items()) if place in tty.parents), "")
        found.append(Thing(entry.name, f"{vendor}:{product}".lower(), _word(entry / "product"), port))
    return tuple(sorted(found))


def _word(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace").strip()
    except OSError:  # unplugged while it was looked at
        return ""


def _by_ports() -> tuple[Thing, ...]:
    from serial.tools.list_ports import comports

    return tuple(
        sorted(
            Thing(
                port.location or port.device,
                f"{port.vid:04x}:{port.pid:04x}" if port.vid is not None else "",
                port.product or port.description or "",
                port.device,
            )
            for port in comports()
        )
    )
