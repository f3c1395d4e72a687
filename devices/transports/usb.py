"""USB bulk transfers, by pyusb over the system's libusb: readers of vendor class, which are no serial port."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import usb.core
import usb.util

from contract.problem import Problem, Retry

_SLICE = 200  # milliseconds of one transfer
_HEAD = 7  # preamble and length, which devices with four endpoints want and give apart
_READ_AT_ONCE = 4096
_DENIED = {errno.EACCES, errno.EPERM}


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
        self._name = f"{vendor:04x}:{product:04x}"
        self._held = bytearray()
        self._body_left = 0  # of a frame whose head has come
        try:
            found = usb.core.find(idVendor=vendor, idProduct=product, backend=backend)
        except usb.core.NoBackendError:
            raise Problem("device.missing", Retry.AFTER_FIX, lacks="libusb-1.0") from None
        if found is None:
            raise Problem("device.usb_absent", Retry.AFTER_FIX, device=self._name)
        self._device: Any = found
        try:
            with suppress(NotImplementedError, usb.core.USBError):
                if found.is_kernel_driver_active(0):
                    found.detach_kernel_driver(0)
            found.set_configuration()
            interface = found.get_active_configuration()[(0, 0)]
        except usb.core.USBError as error:
            raise self._opening_problem(error) from None
        bulk = [each for each in interface if usb.util.endpoint_type(each.bmAttributes) == usb.util.ENDPOINT_TYPE_BULK]
        outs = sorted(e.bEndpointAddress for e in bulk if not e.bEndpointAddress & usb.util.ENDPOINT_IN)
        ins = sorted(e.bEndpointAddress for e in bulk if e.bEndpointAddress & usb.util.ENDPOINT_IN)
        if not outs or not ins:
            raise Problem("device.usb_absent", Retry.AFTER_FIX, device=self._name)
        self._apart = len(outs) > 1 and len(ins) > 1
        self._outs, self._ins = (outs[0], outs[-1]), (ins[0], ins[-1])

    def write(self, data: bytes) -> None:
        """Send bytes."""
        with self._unplugged():
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
            with suppress(usb.core.USBTimeoutError), self._unplugged():
                while len(self._device.read(endpoint, _READ_AT_ONCE, 1)):
                    pass

    def close(self) -> None:
        """Let go of the device. Safe to call twice."""
        with suppress(usb.core.USBError):
            usb.util.dispose_resources(self._device)

    def _transfer(self) -> bytes:
        body = self._apart and self._body_left > 0
        try:
            with self._unplugged():
                data = bytes(self._device.read(self._ins[1 if body else 0], _READ_AT_ONCE, _SLICE))
        except usb.core.USBTimeoutError:
            return b""
        if body:
            self._body_left = max(self._body_left - len(data), 0)
        elif self._apart and len(data) >= _HEAD:
            self._body_left = int.from_bytes(data[_HEAD - 2 : _HEAD], "big")
        return data

    @contextmanager
    def _unplugged(self) -> Iterator[None]:
        try:
            yield
        except usb.core.USBTimeoutError:
            raise
        except usb.core.USBError:
            self.close()
            raise Problem("device.unplugged", Retry.AFTER_FIX, port=self._name) from None

    def _opening_problem(self, error: usb.core.USBError) -> Problem:
        if error.errno in _DENIED:
            return Problem("device.usb_denied", Retry.AFTER_FIX, device=self._name)
        if error.errno == errno.EBUSY:
            return Problem("device.port_busy", Retry.AFTER_FIX, port=self._name)
        return Problem("device.unplugged", Retry.AFTER_FIX, port=self._name)
