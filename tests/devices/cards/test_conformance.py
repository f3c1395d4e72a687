"""What every driver of this kind must do, whoever wrote it; the emulator's cards through the simulated driver."""

from __future__ import annotations

import json
import logging
import os
import signal
from datetime import date
from pathlib import Path

import pytest

from contract.problem import Problem
from devices.cards import CardKind, CardReading, Reader
from devices.catalogue import Manifest, drivers, missing, open_host

WORDS = json.loads((Path(__file__).resolve().parents[3] / "resources" / "messages" / "cards.json").read_text("utf-8"))
WITHOUT = {"cards/pcsc": {"reader": "no such reader"}, "cards/simulated": {"behave": "absent"}}
KEY = "E12345678,491231,341231"

every_driver = pytest.mark.parametrize("manifest", drivers("cards"), ids=lambda manifest: manifest.driver)


def simulated(card: str = "social_security", behave: str = "ok", patience: float = 10):
    return open_host("cards/simulated", {"card": card, "behave": behave}, patience)


@every_driver
def test_it_refuses_cleanly_when_there_is_nothing(manifest: Manifest) -> None:
    assert missing(manifest) == ()
    with open_host(manifest.id, WITHOUT[manifest.id], patience=20) as host:
        for _ in range(2):
            with pytest.raises(Problem) as raised:
                Reader(host).read()
            assert raised.value.code in WORDS


@every_driver
def test_it_survives_being_killed_and_honours_cancel(manifest: Manifest) -> None:
    with open_host(manifest.id, WITHOUT[manifest.id], patience=20) as host:
        events = host.stream("watch")
        assert next(events)[0]["what"] in ("service", "service_gone")
        events.close()
        assert host.pid is not None
        os.kill(host.pid, signal.SIGKILL)
        assert Reader(host).status()["problem"] == "device.crashed"
        assert Reader(host).status()["problem"] in ("", "cards.no_reader", "cards.service_gone")


@pytest.mark.parametrize("card", ["social_security", "social_security_6c"])
def test_a_social_security_card_of_the_second_generation(card: str) -> None:
    with simulated(card) as host:
        reading = Reader(host).read()
    assert (reading.kind, reading.version, reading.restricted) == (CardKind.SOCIAL_SECURITY, "2.00", False)
    assert (reading.name, reading.number) == ("欧阳䶮", "11010519491231002X")
    assert (reading.birth_date, reading.valid_until) == (date(1949, 12, 31), date(2034, 1, 15))
    assert (reading.region, reading.card_number, reading.sex, reading.nation_code) == (
        "330200",
        "A00000001",
        "女",
        "01",
    )


def test_a_card_of_the_third_generation_says_that_it_wants_authorisation() -> None:
    with simulated("social_security_3") as host:
        reading = Reader(host).read()
    assert reading.restricted and reading.version == "3.00" and reading.card_number == "A00000001"
    assert (reading.name, reading.number) == ("", "")


def test_a_bank_number_is_read_only_where_asked_for_and_masked() -> None:
    with simulated() as host:
        assert Reader(host).read().kind is CardKind.SOCIAL_SECURITY
        reading = Reader(host).read(bank=True)
    assert (reading.kind, reading.card_number) == (CardKind.BANK, "621700*********0017")


def test_a_passport_opens_with_its_lines_and_is_never_called_verified() -> None:
    with simulated("passport") as host:
        reading = Reader(host).read(KEY)
    assert (reading.number, reading.name_latin, reading.name) == ("E12345678", "OUYANG YAN", "欧阳䶮")
    assert (reading.birth_date, reading.valid_until) == (date(1949, 12, 31), date(2034, 12, 31))
    assert reading.photo.startswith(b"\xff\xd8\xff") and reading.photo.endswith(b"\xff\xd9")
    assert not reading.signature_verified


@pytest.mark.parametrize(
    ("card", "key", "code"),
    [
        ("passport", "", "cards.key_needed"),
        ("passport", "E12345679,491231,341231", "cards.wrong_key"),
        ("passport", "E1234567,4912", "cards.bad_key"),
        ("passport_tampered", KEY, "cards.tampered"),
        ("unknown", "", "cards.unknown"),
    ],
)
def test_a_card_that_is_not_read_says_why(card: str, key: str, code: str) -> None:
    with simulated(card) as host, pytest.raises(Problem) as raised:
        Reader(host).read(key)
    assert raised.value.code == code
    assert code in WORDS


@pytest.mark.parametrize(
    ("behave", "code"),
    [
        ("absent", "cards.no_reader"),
        ("no_card", "cards.absent"),
        ("pulled", "cards.pulled"),
        ("service_gone", "cards.service_gone"),
        ("hang", "device.silent"),
        ("crash", "device.crashed"),
    ],
)
def test_trouble_becomes_a_problem_and_the_next_call_starts_afresh(behave: str, code: str) -> None:
    with simulated(behave=behave, patience=0.5 if behave == "hang" else 10) as host:
        for _ in range(2):
            with pytest.raises(Problem) as raised:
                Reader(host).read()
            assert raised.value.code == code


def test_a_slow_card_is_read_all_the_same() -> None:
    with simulated("passport", "slow", patience=30) as host:
        assert Reader(host).read(KEY).number == "E12345678"


def test_a_reading_survives_the_wire_and_shows_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with simulated("passport") as host:
        reading = Reader(host).read(KEY)
    assert CardReading.from_json(reading.to_json(photo=True)) == reading
    assert "photo" not in reading.to_json()
    for secret in ("欧阳", "OUYANG", "E12345678"):
        assert secret not in repr(reading)
        assert secret not in caplog.text
    with pytest.raises(Problem, match="device.garbled"):
        CardReading.from_json({"kind": "no such"})
