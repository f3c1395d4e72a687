"""Receipt printers on USB: the printer class, over a scripted bus, with the same paper, cover and silence."""

from __future__ import annotations

import base64
import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from contract.problem import Problem
from devices.printer import BITMAP, Outcome, PrintReport, Standing
from devices.printer.drivers.escpos_usb.driver import OPEN
from devices.printer.thermal import ThermalPrinter
from devices.transports.usb import UsbPrinter
from tests.fakes.escpos_printer import Roll
from tests.fakes.usb_bus import PACKET, ScriptedBus

VENDOR, PRODUCT = 0x04B8, 0x0202
HEIGHT = 500
ROWS = bytes((column * 7 + row) % 256 for row in range(HEIGHT) for column in range(72))
RECEIPT = base64.b64encode(f"P4\n576 {HEIGHT}\n".encode() + ROWS).decode()


class PrinterBus(ScriptedBus):
    """A printer on USB, with a roll in it."""

    def __init__(self, roll: Roll, *, one_way: bool = False, interface_class: int = 7, refuses: int = 0) -> None:
        super().__init__(VENDOR, PRODUCT, interface_class, [0x01] if one_way else [0x01, 0x82], refuses)
        self.roll = roll
        self.resets = 0
        self._said = b""

    def take(self, endpoint: int, data: bytes) -> int:
        assert endpoint == 0x01
        if self.roll.deaf_after is not None and self.roll.taken >= self.roll.deaf_after:
            return 0
        self._said += self.roll.take(data)
        return len(data)

    def give(self, endpoint: int) -> bytes:
        assert endpoint == 0x82
        piece, self._said = self._said[:PACKET], self._said[PACKET:]
        return piece

    def ctrl_transfer(
        self, handle: Any, request_type: int, request: int, value: int, index: int, data: Any, timeout: int
    ) -> int:
        assert (request_type, request, value, index) == (0x21, 2, 0, 0)
        self.resets += 1
        return 0


def printer(bus: PrinterBus, confirm: float = 3) -> ThermalPrinter:
    return ThermalPrinter(lambda: UsbPrinter(VENDOR, PRODUCT, 0.5, bus), answer=0.2, confirm=confirm)


def send(printer: ThermalPrinter) -> PrintReport:
    steps = printer.print(RECEIPT, BITMAP, "t")
    while True:
        try:
            next(steps)
        except StopIteration as end:
            report: PrintReport = end.value
            return report


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(Problem) as raised:
        yield
    assert raised.value.code == code


def test_a_receipt_comes_out_dot_for_dot_and_the_device_is_let_go() -> None:
    bus = PrinterBus(Roll())
    assert printer(bus).status().standing is Standing.OK
    assert send(printer(bus)).outcome is Outcome.DONE
    assert b"".join(bus.roll.printed) == ROWS and bus.roll.cuts == [HEIGHT]
    assert bus.closed == 2 and bus.resets == 0


def test_f15_out_of_paper_in_the_middle_prints_nothing_later() -> None:
    bus = PrinterBus(Roll(paper_rows=300))
    with refused("printer.out_of_paper"):
        send(printer(bus))
    assert bus.roll.clears == 1 and bus.resets == 1
    bus.roll.load_paper()
    assert len(bus.roll.printed) == 300 and bus.roll.cuts == []


def test_one_that_cannot_talk_is_unknown_and_its_print_unconfirmed() -> None:
    bus = PrinterBus(Roll(), one_way=True)
    assert printer(bus).status().standing is Standing.UNKNOWN
    assert send(printer(bus)).outcome is Outcome.UNCONFIRMED
    assert bus.roll.cuts == [HEIGHT]


def test_one_that_takes_nothing_more_is_stuck_and_reset() -> None:
    bus = PrinterBus(Roll(deaf_after=9000))
    with refused("device.stuck"):
        send(printer(bus))
    assert bus.resets == 1


def test_pulled_out_and_plugged_in_again() -> None:
    bus = PrinterBus(Roll())
    steps = printer(bus).print(RECEIPT, BITMAP, "t")
    next(steps)
    bus.gone = True
    with refused("device.unplugged"):
        for _ in steps:
            pass
    with refused("device.usb_absent"):
        printer(bus).status()
    bus.gone = False
    assert printer(bus).status().standing is Standing.OK


@pytest.mark.parametrize(
    ("bus", "code"),
    [
        (PrinterBus(Roll(), refuses=errno.EACCES), "device.usb_denied"),
        (PrinterBus(Roll(), refuses=errno.EBUSY), "device.port_busy"),
        (PrinterBus(Roll(), interface_class=0xFF), "device.usb_absent"),
    ],
)
def test_what_may_not_be_used_or_is_no_printer_says_so(bus: PrinterBus, code: str) -> None:
    with refused(code):
        printer(bus).status()
    assert bus.roll.taken == 0


def test_a_number_that_is_none() -> None:
    with refused("device.bad_option"):
        OPEN("receipt", 1, 1, 1)
