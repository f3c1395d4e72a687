"""Identity cards: what a reader hands over, and how to ask one.

The bytes are GA/T 467's (samv.py: frames, text.py: the four layouts of the card's text).
"""

from __future__ import annotations

import base64
import dataclasses
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, Protocol, Self

from contract.person import Document
from contract.problem import Problem, Retry
from devices.host import Host

POLL = 0.3  # seconds between two looks for a card; shipped readers use 0.3 to 1
REMOVED_AFTER = 2  # "no card" answers in a row that mean the card was lifted


@dataclass(frozen=True, repr=False)
class IdentityDocument:
    """An identity document (身份证件) as read from its chip, or as typed from one that has none.

    Texts are exactly the document's, without padding; what it does not carry is an empty string. Dates that the
    document does not carry, or that are none, are None: an empty `valid_until` alone does not mean 长期.
    """

    document_type: Document
    name: str = ""  # Chinese name; may be empty on a foreigner's card
    name_latin: str = ""
    sex: str = ""  # 男 · 女 · 未知 · 未说明
    nation: str = ""  # 汉, 回 …, GB/T 3304
    nationality: str = ""  # ISO 3166 alpha-3, foreigners only
    birth_date: date | None = None
    address: str = ""
    number: str = ""
    issuer: str = ""
    valid_from: date | None = None
    valid_until: date | None = None
    long_term: bool = False
    has_private_use: bool = False  # a text holds U+E000–F8FF or U+F0000 and above: the clerk must look
    sam_number: str = ""  # the reader's security module, for traceability
    travel_permit_number: str = ""  # residents of Hong Kong, Macau, Taiwan
    issue_count: str = ""
    previous_number: str = ""
    additional_address: str = ""  # written to the chip after a move
    sex_code: str = ""  # as on the chip, GB/T 2261.1
    nation_code: str = ""
    name_may_be_cut: bool = False  # the name fills the chip's field: there may be more of it
    photo_raw: str = (
        ""  # base64 of the chip's WLT block, which only a maker's library decodes; or of the picture itself
    )
    source: Literal["chip", "card", "manual"] = "chip"  # as contract.person.Identity has it
    reason: str = ""  # why it was typed
    suspect: bool = False  # a chip whose number fails its check or contradicts its birth date
    number_valid: bool = False

    def __repr__(self) -> str:
        return f"IdentityDocument({self.document_type.value}, …{self.number[-2:]}, {self.source})"

    __str__ = __repr__

    def to_json(self, *, photo: bool = False) -> dict[str, Any]:
        """JSON values, in the order of the fields. The photo block only where asked for."""
        said: dict[str, Any] = {}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            said[field.name] = value.isoformat() if isinstance(value, date) else value
        said["document_type"] = self.document_type.value
        if not photo:
            del said["photo_raw"]
        return said

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Self:
        """Read what `to_json` or the worker's wire wrote.

        Raises:
            Problem: device.garbled where it is no such thing.
        """
        try:
            values = dict(said)
            values["document_type"] = Document(values["document_type"])
            for name in ("birth_date", "valid_from", "valid_until"):
                values[name] = date.fromisoformat(values[name]) if values.get(name) else None
            return cls(**values)
        except (KeyError, TypeError, ValueError):
            raise Problem("device.garbled", Retry.AGAIN) from None


class IdCardReader(Protocol):
    """What a driver of this kind can do. It runs in a worker process."""

    def read(self) -> IdentityDocument:
        """Find, select and read the document.

        Raises:
            Problem: idcard.absent, idcard.replace, idcard.suspect, idcard.reader_fault, idcard.not_authorised,
                idcard.no_answer, idcard.garbled, idcard.unknown_type, device.unplugged and the transport's.
        """
        ...

    def present(self) -> bool:
        """Whether a card lies there that has not been read yet."""
        ...

    def status(self) -> dict[str, Any]:
        """``{"sam_number": …}`` of a reader that answers; raises where it does not."""
        ...

    def photo(self, raw: str) -> str:
        """The picture (BMP, base64) of a `photo_raw`; raises idcard.photo_unavailable and the like."""
        ...


class Reader:
    """The identity-card reader of this station, as the application uses it. Callable from any thread."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._lifted = True  # whether the card that was read last has been taken away

    def read(self, **fields: Any) -> IdentityDocument:
        """Read the document that lies there now; `fields` are what was typed, for ``idcard/manual``.

        Raises:
            Problem: as IdCardReader.read, and the Host's.
        """
        document = IdentityDocument.from_json(self._host.ask("read", **fields))
        self._lifted = False
        return document

    def photo(self, document: IdentityDocument) -> bytes:
        """The document's photograph as BMP. A call of its own: a library that crashes does not cost the reading.

        Raises:
            Problem: idcard.photo_unavailable, idcard.photo_library, idcard.photo_undecoded, and the Host's.
        """
        if not document.photo_raw:
            raise Problem("idcard.photo_unavailable", Retry.NEVER)
        return base64.b64decode(self._host.ask("photo", raw=document.photo_raw))

    def wait_for_card(self, patience: float, cancelled: threading.Event | None = None) -> IdentityDocument:
        """Read the next card that is put down: each placement is read once.

        A card that was already read must be lifted first. Many modules report no card until it is, others go on
        reporting it; two "no card" in a row serve for both.

        Args:
            patience: Seconds to wait for a card.
            cancelled: Set by another thread, it ends the wait at once, with idcard.absent.

        Raises:
            Problem: idcard.absent after the patience, otherwise as `read`.
        """
        cancelled = cancelled or threading.Event()
        deadline = time.monotonic() + patience
        gone = 0
        while not cancelled.is_set():
            if self._host.ask("present"):
                gone = 0
                if self._lifted:
                    try:
                        return self.read()
                    except Problem as problem:
                        if problem.code != "idcard.absent":  # lifted again before it could be read
                            raise
            else:
                gone += 1
                self._lifted = self._lifted or gone >= REMOVED_AFTER
            left = deadline - time.monotonic()
            if left <= 0:
                break
            cancelled.wait(min(POLL, left))
        raise Problem("idcard.absent", Retry.AGAIN)

    def status(self) -> dict[str, Any]:
        """``driver``, ``reachable``, ``sam_number``; ``problem`` (its code) and its ``facts`` where not reachable."""
        said: dict[str, Any] = {
            "driver": self._host.driver_id,
            "reachable": True,
            "sam_number": "",
            "problem": "",
            "facts": {},
        }
        try:
            said |= self._host.ask("status")
        except Problem as problem:
            said |= {"reachable": False, "problem": problem.code, "facts": problem.facts}
        return said
