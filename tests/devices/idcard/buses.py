"""A scripted USB bus and scripted HID reports with the emulated module at their other end.

No USB device can be made in a test, so these stand where libusb and hidapi would: pyusb is asked through its own
backend interface, hidapi's device is played.
"""

from __future__ import annotations

import errno
from types import SimpleNamespace
from typing import Any

import usb.backend
import usb.core

from devices.idcard.emulator import Emulator

HEAD = 7
PACKET = 64


class Bus(usb.backend.IBackend):
    """One device with two bulk endpoints or four, for pyusb."""

    def __init__(self, emulator: Emulator, *, apart: bool, refuses: int = 0) -> None:
        super().__init__()
        self.emulator = emulator
        self.apart = apart
        self.refuses = refuses  # errno on opening
        self.gone = False
        self._sent: list[tuple[int, bytes]] = []
        self._endpoints = [0x02, 0x06, 0x81, 0x85] if apart else [0x02, 0x81]

    # What pyusb asks to get to know the device.
    def enumerate_devices(self) -> Any:
        return iter([] if self.gone else [object()])

    def get_device_descriptor(self, dev: Any) -> Any:
        return SimpleNamespace(
            bLength=18,
            bDescriptorType=1,
            bcdUSB=0x0110,
            bDeviceClass=0,
            bDeviceSubClass=0,
            bDeviceProtocol=0,
            bMaxPacketSize0=8,
            idVendor=0x0400,
            idProduct=0xC35A,
            bcdDevice=0x0100,
            iManufacturer=0,
            iProduct=0,
            iSerialNumber=0,
            bNumConfigurations=1,
            address=1,
            bus=1,
            port_number=1,
            port_numbers=(1,),
            speed=2,
        )

    def get_configuration_descriptor(self, dev: Any, config: int) -> Any:
        if config:
            raise IndexError
        return SimpleNamespace(
            bLength=9,
            bDescriptorType=2,
            wTotalLength=0,
            bNumInterfaces=1,
            bConfigurationValue=1,
            iConfiguration=0,
            bmAttributes=0x80,
            bMaxPower=50,
            extra_descriptors=[],
        )

    def get_interface_descriptor(self, dev: Any, intf: int, alt: int, config: int) -> Any:
        if intf or alt or config:
            raise IndexError
        return SimpleNamespace(
            bLength=9,
            bDescriptorType=4,
            bInterfaceNumber=0,
            bAlternateSetting=0,
            bNumEndpoints=len(self._endpoints),
            bInterfaceClass=0xFF,
            bInterfaceSubClass=0,
            bInterfaceProtocol=0,
            iInterface=0,
            extra_descriptors=[],
        )

    def get_endpoint_descriptor(self, dev: Any, ep: int, intf: int, alt: int, config: int) -> Any:
        if intf or alt or config or ep >= len(self._endpoints):
            raise IndexError
        return SimpleNamespace(
            bLength=7,
            bDescriptorType=5,
            bEndpointAddress=self._endpoints[ep],
            bmAttributes=2,
            wMaxPacketSize=PACKET,
            bInterval=0,
            bRefresh=0,
            bSynchAddress=0,
            extra_descriptors=[],
        )

    def open_device(self, dev: Any) -> Any:
        if self.refuses:
            raise usb.core.USBError("refused", None, self.refuses)
        return object()

    def close_device(self, handle: Any) -> None: ...

    def set_configuration(self, handle: Any, value: int) -> None: ...

    def get_configuration(self, handle: Any) -> int:
        return 1

    def claim_interface(self, handle: Any, intf: int) -> None: ...

    def release_interface(self, handle: Any, intf: int) -> None: ...

    def is_kernel_driver_active(self, handle: Any, intf: int) -> bool:
        return False

    # What travels.
    def bulk_write(self, handle: Any, ep: int, intf: int, data: Any, timeout: int) -> int:
        self._alive()
        raw = bytes(data)
        for piece in self.emulator.hear(raw):
            if self.apart:
                self._sent.append((0x81, piece[:HEAD]))
                piece = piece[HEAD:]
            end = 0x85 if self.apart else 0x81
            self._sent += [(end, piece[at : at + PACKET]) for at in range(0, len(piece), PACKET)]
        return len(raw)

    def bulk_read(self, handle: Any, ep: int, intf: int, buff: Any, timeout: int) -> int:
        self._alive()
        for at, (endpoint, piece) in enumerate(self._sent):
            if endpoint == ep:
                del self._sent[at]
                buff[: len(piece)] = type(buff)("B", piece)
                return len(piece)
        raise usb.core.USBTimeoutError("timed out", None, errno.ETIMEDOUT)

    def _alive(self) -> None:
        if self.gone or (self.emulator.unplugged and not self._sent):
            raise usb.core.USBError("no device", None, errno.ENODEV)


class Reports:
    """What `hid.device()` gives once it is open."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.closed = False
        self._sent: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._alive()
        assert len(data) == 1 + PACKET and data[0] == 0
        for piece in self.emulator.hear(bytes(data[1:]).rstrip(b"\0")):
            self._sent += [piece[at : at + PACKET].ljust(PACKET, b"\0") for at in range(0, len(piece), PACKET)]
        return len(data)

    def read(self, size: int, timeout_ms: int) -> list[int]:
        self._alive()
        return list(self._sent.pop(0)) if self._sent else []

    def close(self) -> None:
        self.closed = True

    def _alive(self) -> None:
        if self.closed:
            raise ValueError("not open")
        if self.emulator.unplugged and not self._sent:
            raise OSError("read error")
