"""What every driver of this kind must do, whoever wrote it."""

from __future__ import annotations

import json
import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contract.problem import Problem
from devices.catalogue import Manifest, drivers, missing, open_host
from devices.idcard import IdentityDocument, Reader
from devices.idcard.emulator import people

from .conftest import Start

MESSAGES = Path(__file__).resolve().parents[3] / "resources" / "messages" / "devices.json"
PERSON = people()["haishu"]
Read = Callable[[Reader], IdentityDocument]

# How each driver is brought to read the same person, and how to have nothing there to read.
WITHOUT: dict[str, dict[str, str]] = {
    "idcard/samv_serial": {"port": "/dev/tongban-nowhere"},
    "idcard/samv_usb": {"device": "ffff:fffe"},
    "idcard/samv_hid": {},
    "idcard/vendor": {},
    "idcard/simulated": {"behave": "absent"},
    "idcard/manual": {},
}


def options_with(manifest: Manifest, start_emulator: Start) -> dict[str, str]:
    if manifest.id == "idcard/samv_serial":
        return {"port": start_emulator("--pty", "--card", "haishu").port}
    return {"card": "haishu"} if manifest.id == "idcard/simulated" else {}


def fields_with(manifest: Manifest) -> dict[str, Any]:
    if manifest.id != "idcard/manual":
        return {}
    return {"document_type": "typed", "name": PERSON["name"], "number": PERSON["number"], "reason": "试样"}


ON_A_BUS = ("samv_usb", "samv_hid", "vendor")
"""No such device can be made here: how they read is in test_buses.py and test_vendor.py."""

every_driver = pytest.mark.parametrize("manifest", drivers("idcard"), ids=lambda manifest: manifest.driver)
every_driver_with_another_end = pytest.mark.parametrize(
    "manifest",
    [manifest for manifest in drivers("idcard") if manifest.driver not in ON_A_BUS],
    ids=lambda manifest: manifest.driver,
)


@every_driver
def test_it_can_run_here_and_says_how_good_it_is(manifest: Manifest) -> None:
    assert missing(manifest) == ()
    assert manifest.grade in ("bronze", "silver"), "gold is verified on a real model"


@every_driver
def test_it_refuses_cleanly_when_there_is_nothing(manifest: Manifest) -> None:
    with open_host(manifest.id, WITHOUT[manifest.id], patience=20) as host:
        for _ in range(2):
            with pytest.raises(Problem) as raised:
                Reader(host).read()
            assert raised.value.code in json.loads(MESSAGES.read_text("utf-8"))
            assert raised.value.code not in ("device.failed", "device.crashed", "device.silent")
        if manifest.driver == "manual":
            assert host.ask("present") is False


@every_driver_with_another_end
def test_it_reads_and_survives_being_killed(manifest: Manifest, start_emulator: Start) -> None:
    with open_host(manifest.id, options_with(manifest, start_emulator), patience=20) as host:
        reader = Reader(host)
        document = reader.read(**fields_with(manifest))
        assert (document.name, document.number) == (PERSON["name"], PERSON["number"])
        assert document.number_valid
        assert document.source == ("manual" if manifest.id == "idcard/manual" else "chip")
        assert host.pid is not None
        os.kill(host.pid, signal.SIGKILL)
        assert reader.status()["problem"] == "device.crashed"
        assert reader.status()["reachable"]


@every_driver_with_another_end
def test_it_says_nothing_personal(
    manifest: Manifest, start_emulator: Start, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with open_host(manifest.id, options_with(manifest, start_emulator), patience=20) as host:
        document = Reader(host).read(**fields_with(manifest))
    shown = repr(document) + str(document) + caplog.text + "".join(capfd.readouterr())
    for value in (document.name, document.number, document.number[6:14], document.address):
        assert not value or value not in shown
