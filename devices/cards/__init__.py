"""Chip cards other than the identity card: social-security cards, passports and travel permits, bank cards.

They are read through PC/SC (ISO 7816 commands; travel documents by ICAO 9303's basic access control). What a card
says is what it says: no signature of a travel document is verified here, because the certificates for that are not
public, and the reading says so.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Protocol, Self

from contract.problem import Problem, Retry
from devices.host import Host


class CardKind(StrEnum):
    """What kind of card was read."""

    SOCIAL_SECURITY = "social_security"  # 社会保障卡
    TRAVEL = "travel"  # 护照、来往内地通行证
    BANK = "bank"  # 银行卡, its number masked


@dataclass(frozen=True, repr=False)
class CardReading:
    """What a card handed over. Texts are the card's without padding; what it does not carry is empty or None."""

    kind: CardKind
    name: str = ""  # Chinese name
    name_latin: str = ""
    number: str = ""  # the person's: social-security number (the citizen's number), passport or permit number
    personal_number: str = ""  # a travel document's optional data, where it has some
    sex: str = ""  # 男 · 女 · 未知 · 未说明
    nation_code: str = ""  # GB/T 3304
    nationality: str = ""  # ISO 3166 alpha-3
    birth_date: date | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    card_number: str = ""  # printed on a social-security card; a bank card's with all but six and four digits masked
    card_id: str = ""  # 卡识别码
    region: str = ""  # six digits of the issuing region
    version: str = ""  # of the card's specification, "1.00" to "3.00"
    document_code: str = ""  # a travel document's, P, CS, CT …
    issuer: str = ""  # issuing state or organisation, alpha-3
    photo: bytes = b""  # JPEG or JPEG 2000 as on the chip
    restricted: bool = False  # a card of the third generation: name and number only with the ministry's key
    signature_verified: bool = False  # never true here: passive authentication wants certificates we do not have

    def __repr__(self) -> str:
        return f"CardReading({self.kind.value}, …{self.number[-2:]})"

    __str__ = __repr__

    def to_json(self, *, photo: bool = False) -> dict[str, Any]:
        """JSON values, in the order of the fields. The photo, as base64, only where asked for."""
        said: dict[str, Any] = {}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            said[field.name] = value.isoformat() if isinstance(value, date) else value
        said["kind"] = self.kind.value
        said["photo"] = base64.b64encode(self.photo).decode("ascii")
        if not photo:
            del said["photo"]
        return said

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote.

        Raises:
            Problem: device.garbled where it is no such thing.
        """
        try:
            values = dict(said)
            values["kind"] = CardKind(values["kind"])
            values["photo"] = base64.b64decode(values.get("photo", ""), validate=True)
            for name in ("birth_date", "valid_from", "valid_until"):
                values[name] = date.fromisoformat(values[name]) if values.get(name) else None
            return cls(**values)
        except (KeyError, TypeError, ValueError, binascii.Error):
            raise Problem("device.garbled", Retry.AGAIN) from None


@dataclass(frozen=True)
class CardEvent:
    """Something happened at the readers: ``card`` · ``no_card`` · ``reader`` · ``reader_gone`` · ``service`` ·
    ``service_gone``."""

    what: str
    reader: str = ""


class CardReader(Protocol):
    """What a driver of this kind can do. It runs in a worker process."""

    def read(self, key: str = "", bank: bool = False) -> dict[str, Any]:
        """Read the card that lies there; the answer is `CardReading.to_json` with the photo.

        Args:
            key: What opens a travel document: its machine-readable lines, or ``number,birth,expiry`` with dates as
                YYMMDD. Not needed for other cards.
            bank: Whether a bank card's number may be read at all.

        Raises:
            Problem: cards.absent, cards.no_reader, cards.service_gone, cards.in_use, cards.denied, cards.pulled,
                cards.unknown, cards.key_needed, cards.bad_key, cards.wrong_key, cards.garbled, cards.tampered.
        """
        ...

    def watch(self) -> Iterator[Any]:
        """CardEvents until cancelled, through restarts of the service. What is there at the start is told first."""
        ...

    def status(self) -> dict[str, Any]:
        """``{"readers": […], "card": bool}``; raises cards.service_gone, cards.no_reader."""
        ...


class Reader:
    """The card reader of this station, as the application uses it. Callable from any thread."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def read(self, key: str = "", *, bank: bool = False) -> CardReading:
        """Read the card that lies there now.

        Raises:
            Problem: as CardReader.read, and the Host's.
        """
        return CardReading.from_json(self._host.ask("read", key=key, bank=bank))

    def status(self) -> dict[str, Any]:
        """``driver``, ``reachable``, ``readers``, ``card``; ``problem`` (its code) and ``facts`` if not reachable."""
        said: dict[str, Any] = {
            "driver": self._host.driver_id,
            "reachable": True,
            "readers": [],
            "card": False,
            "problem": "",
            "facts": {},
        }
        try:
            said |= self._host.ask("status")
        except Problem as problem:
            said |= {"reachable": False, "problem": problem.code, "facts": problem.facts}
        return said
