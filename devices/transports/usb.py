"""USB bulk transfers, by pyusb over the system's libusb: readers of vendor class and printers of printer class."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import usb.core
import usb.util

from contract.problem import Problem, Retry

_SLICE = 200  # milliseconds of one transfer
_HEAD = 7  # preamble and length, which devices with four endpoints want and give apart
_READ_AT_ONCE = 4096
_DENIED = {errno.EACCES, errno.EPERM}
_PRINTER_CLASS = 7
_SOFT_RESET = 0x21, 2  # request to the interface, of the printer class: throw away all that is held
_WRITE_AT_ONCE = 16384  # so that a patience is for so much, not for a whole receipt


def usb_id(text: str) -> tuple[int, int]:
    """``0400:c35a`` as two numbers.

    Raises:
        Problem: device.bad_option.
    """
    vendor, _, product = text.partition(":")
    try:
        return int(vendor, 16), int(product, 16)
    except ValueError:
        raise Problem("device.bad_option", Retry.AFTER_FIX, option="device", allowed="0400:c35a") from None


class UsbBulk:
    """An open device with bulk endpoints, for one program at a time.

    Two shapes are known (GA/T 467 modules, 0400:C35A). One pair of endpoints carries whole frames; or the frame's
    first seven bytes travel through endpoints of their own (OUT 02 and 06, IN 81 and 85). Which it is, is seen by
    counting them.

    Every method raises Problem device.unplugged where the device is gone; it must then be opened anew.
    """

    def __init__(self, vendor: int, product: int, backend: Any = None) -> None:
        """Open the first device of this vendor and product.

        Raises:
            Problem: device.usb_absent, device.usb_denied, device.port_busy, device.missing (no libusb).
        """
        self._name = _name(vendor, product)
        self._held = bytearray()
        self._body_left = 0  # of a frame whose head has come
        self._device = _found(vendor, product, backend)
        try:
            _take_from_system(self._device, 0)
            self._device.set_configuration()
            interface = self._device.get_active_configuration()[(0, 0)]
        except usb.core.USBError as error:
            raise _opening_problem(self._name, error) from None
        outs, ins = _bulk_endpoints(interface)
        if not outs or not ins:
            raise Problem("device.usb_absent", Retry.AFTER_FIX, device=self._name)
        self._apart = len(outs) > 1 and len(ins) > 1
        self._outs, self._ins = (outs[0], outs[-1]), (ins[0], ins[-1])

    def write(self, data: bytes) -> None:
        """Send bytes."""
        with _unplugged(self._name, self.close):
            if self._apart:
                self._device.write(self._outs[0], data[:_HEAD], 1000)
                self._device.write(self._outs[1], data[_HEAD:], 1000)
            else:
                self._device.write(self._outs[0], data, 1000)

    def read(self, size: int, deadline: float) -> bytes:
        """Up to `size` bytes, as soon as some are there; nothing if none came before `deadline` (time.monotonic)."""
        while not self._held:
            self._held += self._transfer()
            if not self._held and time.monotonic() >= deadline:
                return b""
        data = bytes(self._held[:size])
        del self._held[:size]
        return data

    def drop_input(self) -> None:
        """Forget what has come and was not read."""
        self._held.clear()
        self._body_left = 0
        for endpoint in dict.fromkeys(self._ins):
            with suppress(usb.core.USBTimeoutError), _unplugged(self._name, self.close):
                while len(self._device.read(endpoint, _READ_AT_ONCE, 1)):
                    pass

    def close(self) -> None:
        """Let go of the device. Safe to call twice."""
        with suppress(usb.core.USBError):
            usb.util.dispose_resources(self._device)

    def _transfer(self) -> bytes:
        body = self._apart and self._body_left > 0
        try:
            with _unplugged(self._name, self.close):
                data = bytes(self._device.read(self._ins[1 if body else 0], _READ_AT_ONCE, _SLICE))
        except usb.core.USBTimeoutError:
            return b""
        if body:
            self._body_left = max(self._body_left - len(data), 0)
        elif self._apart and len(data) >= _HEAD:
            self._body_left = int.from_bytes(data[_HEAD - 2 : _HEAD], "big")
        return data


class UsbPrinter:
    """The printer's part (interface of class 7) of a USB device: bytes out and, where it talks back, bytes in.

    Which device is always said: the A4 printer beside it is of the same class, and must not get a receipt's bytes.
    Every method raises Problem device.unplugged where the device is gone; it must then be opened anew.
    """

    def __init__(self, vendor: int, product: int, patience: float = 10.0, backend: Any = None) -> None:
        """Open the first device of this vendor and product.

        Args:
            patience: Seconds in which the printer must take each part of a write.

        Raises:
            Problem: device.usb_absent (also where it is no printer), device.usb_denied, device.port_busy,
                device.missing (no libusb).
        """
        self._name = _name(vendor, product)
        self._patience = patience
        self._device = _found(vendor, product, backend)
        try:
            interface = usb.util.find_descriptor(
                self._device.get_active_configuration(), bInterfaceClass=_PRINTER_CLASS
            )
            outs, ins = _bulk_endpoints(interface) if interface is not None else ([], [])
            if not outs:
                raise Problem("device.usb_absent", Retry.AFTER_FIX, device=self._name)
            self._number = interface.bInterfaceNumber
            _take_from_system(self._device, self._number)
            usb.util.claim_interface(self._device, self._number)
        except usb.core.USBError as error:
            self.close()
            raise _opening_problem(self._name, error) from None
        self._out, self._in = outs[0], ins[0] if ins else None

    def write(self, data: bytes) -> None:
        """Send bytes. Raises Problem device.stuck where they are not taken in time: it waits for paper."""
        with _unplugged(self._name, self.close):
            for at in range(0, len(data), _WRITE_AT_ONCE):
                try:
                    self._device.write(self._out, data[at : at + _WRITE_AT_ONCE], int(self._patience * 1000))
                except usb.core.USBTimeoutError:
                    raise Problem("device.stuck", Retry.AFTER_FIX, where=self._name) from None

    def read(self, size: int, deadline: float) -> bytes:
        """Up to `size` bytes, as soon as some are there; nothing if none came before `deadline` (time.monotonic)."""
        if self._in is None:  # it cannot talk: that is silence
            time.sleep(max(deadline - time.monotonic(), 0))
            return b""
        while True:
            with _unplugged(self._name, self.close), suppress(usb.core.USBTimeoutError):
                if data := bytes(self._device.read(self._in, size, _SLICE)):
                    return data
            if time.monotonic() >= deadline:
                return b""

    def close(self) -> None:
        """Let go of the device. Safe to call twice."""
        with suppress(usb.core.USBError):
            usb.util.dispose_resources(self._device)

    def drop(self) -> None:
        """Have the device throw away what it holds, and let go of it."""
        with suppress(usb.core.USBError):
            self._device.ctrl_transfer(*_SOFT_RESET, 0, self._number, None, 1000)
        self.close()


@contextmanager
def _unplugged(name: str, close: Callable[[], None]) -> Iterator[None]:
    """What goes wrong on the bus is a device that was pulled out; a time-out is not."""
    try:
        yield
    except usb.core.USBTimeoutError:
        raise
    except usb.core.USBError:
        close()
        raise Problem("device.unplugged", Retry.AFTER_FIX, port=name) from None


def _name(vendor: int, product: int) -> str:
    return f"{vendor:04x}:{product:04x}"


def _found(vendor: int, product: int, backend: Any) -> Any:
    try:
        found = usb.core.find(idVendor=vendor, idProduct=product, backend=backend)
    except usb.core.NoBackendError:
        raise Problem("device.missing", Retry.AFTER_FIX, lacks="libusb-1.0") from None
    if found is None:
        raise Problem("device.usb_absent", Retry.AFTER_FIX, device=_name(vendor, product))
    return found


def _take_from_system(device: Any, interface: int) -> None:
    """Linux's own driver (usblp, usbhid) lets go of an interface."""
    with suppress(NotImplementedError, usb.core.USBError):
        if device.is_kernel_driver_active(interface):
            device.detach_kernel_driver(interface)


def _bulk_endpoints(interface: Any) -> tuple[list[int], list[int]]:
    """Addresses of the endpoints out and in."""
    bulk = [each for each in interface if usb.util.endpoint_type(each.bmAttributes) == usb.util.ENDPOINT_TYPE_BULK]
    addresses = sorted(each.bEndpointAddress for each in bulk)
    ins = [address for address in addresses if address & usb.util.ENDPOINT_IN]
    return [address for address in addresses if address not in ins], ins


def _opening_problem(name: str, error: usb.core.USBError) -> Problem:
    if error.errno in _DENIED:
        return Problem("device.usb_denied", Retry.AFTER_FIX, device=name)
    if error.errno == errno.EBUSY:
        return Problem("device.port_busy", Retry.AFTER_FIX, port=name)
    return Problem("device.unplugged", Retry.AFTER_FIX, port=name)
