"""Makers' libraries, with one of ours compiled here: what it crashes or hangs, it does in the driver's process."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from contract.problem import Problem
from devices.catalogue import open_host
from devices.host import Host
from devices.idcard import Reader
from devices.idcard.emulator import get_card, people

pytestmark = pytest.mark.needs("gcc")
SOURCE = Path(__file__).with_name("vendor_library.c")
PERSON = people()["haishu"]
Opened = Callable[..., Host]


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("vendor") / "libvendor.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-Wall", "-Werror", "-o", made, SOURCE], check=True)
    return made


@pytest.fixture(scope="session")
def wide_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that has a function for wider letters too."""
    made = tmp_path_factory.mktemp("vendor") / "libwide.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-Wall", "-Werror", "-DWIDE", "-o", made, SOURCE], check=True)
    return made


@pytest.fixture
def opened(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Opened:
    card = get_card("haishu")
    (tmp_path / "card").write_bytes(card.text + card.photo)
    monkeypatch.setenv("TONGBAN_TEST_CARD", str(tmp_path / "card"))
    (tmp_path / "run").mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))

    def opened(behaves: str = "", family: str = "sdt", patience: float = 10, **options: str) -> Host:
        monkeypatch.setenv("TONGBAN_TEST_VENDOR", behaves)
        given = {"library": str(library), "family": family, "photo_library": str(library), **options}
        return open_host("idcard/vendor", given, patience)

    return opened


@pytest.mark.parametrize("family", ["sdt", "syn"])
def test_a_card_is_read_with_its_photograph(opened: Opened, family: str) -> None:
    with opened(family=family) as host:
        reader = Reader(host)
        assert host.ask("present")
        document = reader.read()
        assert (document.name, document.number) == (PERSON["name"], PERSON["number"])
        assert document.number_valid and document.source == "chip"
        picture = Image.open(io.BytesIO(reader.photo(document)))
        assert picture.size == (102, 126)
        assert picture.convert("RGB").getpixel((0, 0)) == (2, 1, 0), "first pixel: blue 0, green 1, red 2"
        with pytest.raises(Problem, match=r"idcard\.absent"):
            reader.read()  # this library reads each placement once


def left_behind(tmp_path: Path) -> list[Path]:
    return [file for file in (tmp_path / "run").rglob("*") if file.is_file()]


def test_a_card_is_read_by_texts(opened: Opened, tmp_path: Path) -> None:
    with opened(family="cvr") as host:
        reader = Reader(host)
        assert host.ask("present") and host.ask("present")  # to be asked twice does not want the card lifted
        document = reader.read()
        assert (document.name, document.number) == (PERSON["name"], PERSON["number"])
        assert (document.address, document.issuer) == (PERSON["address"], PERSON["issuer"])
        assert (document.sex, document.nation) == ("男", "汉") and document.sam_number
        assert document.birth_date is not None and document.birth_date.isoformat() == PERSON["birth_date"]
        assert document.valid_until is not None and document.valid_until.isoformat() == PERSON["valid_until"]
        assert document.number_valid and not document.suspect and document.source == "chip"
        assert reader.photo(document) == b"BM-a picture"
        assert left_behind(tmp_path) == []  # the library wrote the citizen's text there
        with pytest.raises(Problem, match=r"idcard\.absent"):
            reader.read()


def test_wider_letters_are_preferred(opened: Opened, wide_library: Path) -> None:
    with opened(family="cvr", library=str(wide_library)) as host:
        assert Reader(host).read().name == PERSON["name"]


@pytest.mark.parametrize(
    ("behaves", "code"),
    [
        ("absent", "idcard.absent"),
        ("suspect", "idcard.replace"),
        ("foreign", "idcard.unknown_type"),
        ("overrun", "idcard.library"),
        ("crash", "device.crashed"),
        ("hang", "device.silent"),
    ],
)
def test_trouble_with_texts_becomes_a_problem_and_leaves_nothing_behind(
    opened: Opened, tmp_path: Path, behaves: str, code: str
) -> None:
    with opened(behaves, family="cvr", patience=4.0 if behaves == "hang" else 20) as host:
        with pytest.raises(Problem) as raised:
            Reader(host).read()
        assert raised.value.code == code
        assert Reader(host).status()["reachable"]  # a fresh process clears up after a killed one
        assert left_behind(tmp_path) == []


def test_without_a_picture_the_photograph_is_unavailable(opened: Opened) -> None:
    with opened("no_picture", family="cvr") as host:
        document = Reader(host).read()
        with pytest.raises(Problem, match=r"idcard\.photo_unavailable"):
            Reader(host).photo(document)


@pytest.mark.parametrize(
    ("behaves", "code"),
    [
        ("absent", "idcard.absent"),
        ("suspect", "idcard.suspect"),
        ("overrun", "idcard.garbled"),
        ("crash", "device.crashed"),
        ("hang", "device.silent"),
    ],
)
def test_trouble_becomes_a_problem_and_the_next_call_starts_afresh(opened: Opened, behaves: str, code: str) -> None:
    with opened(behaves, patience=4.0 if behaves == "hang" else 20) as host:
        with pytest.raises(Problem) as raised:
            Reader(host).read()
        assert raised.value.code == code
        assert Reader(host).status()["reachable"]


def test_a_decoder_that_crashes_does_not_cost_the_reading(opened: Opened) -> None:
    with opened("photo_crash") as host:
        document = Reader(host).read()
        with pytest.raises(Problem, match=r"device\.crashed"):
            Reader(host).photo(document)
        assert document.number == PERSON["number"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"library": ""}, "idcard.library"),
        ({"library": "/nowhere/libsdtapi.so"}, "idcard.library"),
        ({"library": "libc.so.6"}, "idcard.library"),
        ({"port": "3"}, "idcard.no_answer"),
    ],
)
def test_a_library_that_cannot_be_used(opened: Opened, options: dict[str, str], code: str) -> None:
    with opened(**options) as host, pytest.raises(Problem) as raised:
        Reader(host).read()
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("path", "code"), [("", "idcard.photo_unavailable"), ("/nowhere/libwlt.so", "idcard.photo_library")]
)
def test_without_a_decoder_the_photograph_is_said_to_be_unavailable(opened: Opened, path: str, code: str) -> None:
    with opened(photo_library=path) as host:
        document = Reader(host).read()
        with pytest.raises(Problem) as raised:
            Reader(host).photo(document)
    assert raised.value.code == code
