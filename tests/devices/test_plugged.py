"""What is plugged in, read from a kernel's list of our own making: it is laid out as Linux lays it out."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from devices import catalogue
from devices.transports.plugged import Thing, things

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's list is Linux's")


class Kernel:
    """A folder like /sys."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("bus/usb/devices", "class/tty", "devices/usb1"):
            (root / folder).mkdir(parents=True)

    def plug(self, place: str, usb_id: str, name: str = "", port: str = "", kind: str = "00") -> None:
        vendor, product = usb_id.split(":")
        device = self.root / "devices/usb1" / place
        tty = device / f"{place}:1.0" / port / "tty" / port
        (tty if port else device).mkdir(parents=True)
        said = {"idVendor": vendor, "idProduct": product, "bDeviceClass": kind, "product": name}
        for file, word in said.items():
            (device / file).write_text(f"{word}\n")
        (self.root / "bus/usb/devices" / place).symlink_to(device)
        if port:
            (self.root / "class/tty" / port).symlink_to(tty)

    def draw(self, place: str) -> None:
        (self.root / "bus/usb/devices" / place).unlink()


def test_usb_devices_and_the_ports_that_they_are(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path)
    kernel.plug("1-0", "1d6b:0002", "xHCI Host Controller", kind="09")  # a hub is nothing that anybody plugged in
    kernel.plug("1-2", "1A86:7523", "USB Serial", "ttyUSB0")
    kernel.plug("1-3", "0400:c35a")
    (tmp_path / "bus/usb/devices/1-2:1.0").symlink_to(tmp_path / "devices/usb1/1-2/1-2:1.0")  # an interface
    serial, reader = things(tmp_path)
    assert serial == Thing("1-2", "1a86:7523", "USB Serial", "/dev/ttyUSB0")
    assert reader == Thing("1-3", "0400:c35a")
    kernel.draw("1-2")
    assert things(tmp_path) == (reader,)


def test_a_machine_without_usb_has_nothing_plugged_in(tmp_path: Path) -> None:
    assert things(tmp_path) == ()


def test_a_usb_number_leads_to_the_drivers_that_name_it() -> None:
    assert [manifest.id for manifest in catalogue.fitting("0400:c35a")] == ["idcard/samv_usb"]
    assert "idcard/samv_serial" in [manifest.id for manifest in catalogue.fitting("1a86:7523")]
    assert catalogue.fitting("") == catalogue.fitting("ffff:ffff") == []
