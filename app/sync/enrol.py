"""How a station joins: it makes its key, sends the public half with the one-time code, keeps what it is told."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from app.store import Station, Store
from app.sync.line import Line
from app.sync.packs import fetch_pack
from contract.exchange import EnrolAsk


def join(store: Store, line: Line, code: str, facts: Mapping[str, str] | None = None) -> Station:
    """Join the line's server and fetch the pack. Where an answer was lost, the same may be tried again with the same
    code; where only the pack was cut off, `fetch_pack` goes on with it.

    Args:
        store: The station's store; the private key never leaves it.
        line: The line to the server.
        code: The one-time code that an administrator made.
        facts: Program version, system; never personal.

    Raises:
        Problem: ``enrol.code_unknown``, ``enrol.code_used``, ``enrol.code_expired``; ``pack.forged``;
            ``station.joined_elsewhere``; whatever the line raises.
    """
    ask = EnrolAsk(code=_spelled(code), public_key=store.station.public_key(), facts=dict(facts or {}), in_parts=True)
    answer = line.enrol(ask)
    store.join(line.url, answer)
    fetch_pack(store, line, patience=None)
    return store.station.get()


def _spelled(code: str) -> str:
    """The code as it was meant: typed in small letters, or with blanks at its ends. Too short a one is padded, so that
    the server refuses it and not the type."""
    return code.strip().upper()[:64].ljust(4, "?")


def fingerprint(public_key: str) -> str:
    """The server's key for the eye, to be compared over the telephone: groups of four hexadecimal digits."""
    try:
        raw = base64.b64decode(public_key, validate=True)
    except (ValueError, binascii.Error):
        return "?"
    digits = raw.hex().upper()
    return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))
