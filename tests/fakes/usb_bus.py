"""A scripted USB bus for pyusb, asked through its own backend interface: no USB device can be made in a test."""

from __future__ import annotations

import errno
from types import SimpleNamespace
from typing import Any

import usb.backend
import usb.core

PACKET = 64


class ScriptedBus(usb.backend.IBackend):
    """One device with one interface of bulk endpoints. What it does with bytes is `take` and `give`."""

    def __init__(self, vendor: int, product: int, interface_class: int, endpoints: list[int], refuses: int = 0) -> None:
        super().__init__()
        self.refuses = refuses  # errno on opening
        self.gone = False
        self.closed = 0
        self._numbers = vendor, product
        self._class = interface_class
        self._endpoints = endpoints

    def take(self, endpoint: int, data: bytes) -> int:
        """Bytes that were written; how many are taken."""
        raise NotImplementedError

    def give(self, endpoint: int) -> bytes:
        """The next bytes to be read; none for silence."""
        raise NotImplementedError

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
            idVendor=self._numbers[0],
            idProduct=self._numbers[1],
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
            bInterfaceClass=self._class,
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

    def close_device(self, handle: Any) -> None:
        self.closed += 1

    def set_configuration(self, handle: Any, value: int) -> None: ...

    def get_configuration(self, handle: Any) -> int:
        return 1

    def claim_interface(self, handle: Any, intf: int) -> None: ...

    def release_interface(self, handle: Any, intf: int) -> None: ...

    def is_kernel_driver_active(self, handle: Any, intf: int) -> bool:
        return False

    # What travels.
    def bulk_write(self, handle: Any, ep: int, intf: int, data: Any, timeout: int) -> int:
        self.alive()
        taken = self.take(ep, bytes(data))
        if taken < len(data):
            raise usb.core.USBTimeoutError("timed out", None, errno.ETIMEDOUT)
        return taken

    def bulk_read(self, handle: Any, ep: int, intf: int, buff: Any, timeout: int) -> int:
        self.alive()
        if not (piece := self.give(ep)):
            raise usb.core.USBTimeoutError("timed out", None, errno.ETIMEDOUT)
        buff[: len(piece)] = type(buff)("B", piece)
        return len(piece)

    def alive(self) -> None:
        """Raise what libusb raises where the device is gone."""
        if self.gone:
            raise usb.core.USBError("no device", None, errno.ENODEV)
