"""Readers on USB bulk transfers and HID reports: the same module, the same misbehaviour, another way to travel."""

from __future__ import annotations

import errno
from collections.abc import Callable
from datetime import date

import pytest

from contract.problem import Problem
from devices.idcard.drivers.samv_hid.driver import PRODUCT, VENDOR, PacedReports
from devices.idcard.drivers.samv_usb import driver as samv_usb
from devices.idcard.emulator import Behaviour, Emulator, get_card, people
from devices.idcard.samv import Module
from devices.transports.hid import HidReports
from devices.transports.usb import UsbBulk, usb_id

from .buses import Bus, Reports

TODAY = date(2026, 11, 21)
PERSON = people()["haishu"]


def one_pair(emulator: Emulator) -> Module:
    bus = Bus(emulator, apart=False)
    return Module(lambda: UsbBulk(0x0400, 0xC35A, backend=bus))


def two_pairs(emulator: Emulator) -> Module:
    bus = Bus(emulator, apart=True)
    return Module(lambda: UsbBulk(0x0400, 0xC35A, backend=bus))


def reports(emulator: Emulator) -> Module:
    return Module(lambda: HidReports(VENDOR, PRODUCT, lambda vendor, product: Reports(emulator)))


ways = pytest.mark.parametrize("way", [one_pair, two_pairs, reports])
Way = Callable[[Emulator], Module]


@ways
def test_a_card_is_read_whole(way: Way) -> None:
    module = way(Emulator(get_card("haishu"), Behaviour.OK))
    document = module.read(TODAY)
    assert (document.name, document.number, document.address) == (PERSON["name"], PERSON["number"], PERSON["address"])
    assert document.sam_number == "05.01-20230101-0001234567-987654321"
    module.check()
    assert module.find() is False, "once per placement"


@ways
@pytest.mark.parametrize("behaviour", [Behaviour.BAD_XOR_ONCE, Behaviour.NO_FINGERPRINT, Behaviour.HEARD_BADLY])
def test_what_can_be_made_good_is(way: Way, behaviour: Behaviour) -> None:
    assert way(Emulator(get_card("haishu"), behaviour)).read(TODAY).number == PERSON["number"]


@ways
@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (Behaviour.NO_CARD, "idcard.absent"),
        (Behaviour.SUSPECT, "idcard.suspect"),
        (Behaviour.NO_SAM, "idcard.reader_fault"),
        (Behaviour.BAD_XOR, "idcard.garbled"),
        (Behaviour.SHORT, "idcard.garbled"),
        (Behaviour.UNPLUGGED, "device.unplugged"),
    ],
)
def test_what_cannot_is_said(way: Way, behaviour: Behaviour, code: str) -> None:
    with pytest.raises(Problem) as raised:
        way(Emulator(get_card("haishu"), behaviour)).read(TODAY)
    assert raised.value.code == code


@pytest.mark.parametrize("apart", [False, True])
def test_a_reader_plugged_in_again_is_found_again(apart: bool) -> None:
    bus = Bus(Emulator(get_card("haishu"), Behaviour.OK), apart=apart)
    module = Module(lambda: UsbBulk(0x0400, 0xC35A, backend=bus))
    module.check()
    bus.gone = True
    for code in ("device.unplugged", "device.usb_absent"):
        with pytest.raises(Problem) as raised:
            module.check()
        assert raised.value.code == code
    bus.gone = False
    assert module.read(TODAY).number == PERSON["number"]


@pytest.mark.parametrize(("number", "code"), [(errno.EACCES, "device.usb_denied"), (errno.EBUSY, "device.port_busy")])
def test_a_device_that_may_not_be_used_says_why(number: int, code: str) -> None:
    bus = Bus(Emulator(None, Behaviour.OK), apart=False, refuses=number)
    with pytest.raises(Problem) as raised:
        UsbBulk(0x0400, 0xC35A, backend=bus)
    assert raised.value.code == code


def test_on_this_machine_there_is_none() -> None:
    for call in (samv_usb.OPEN("ffff:fffe").status, lambda: PacedReports(VENDOR, PRODUCT)):
        with pytest.raises(Problem, match=r"device\.(usb_absent|missing)"):
            call()


def test_a_device_number_that_is_none() -> None:
    assert usb_id("0400:c35a") == (0x0400, 0xC35A)
    with pytest.raises(Problem, match=r"device\.bad_option"):
        usb_id("reader")
