"""Somebody at the window of a desk who says what they think of it."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from contract.case import Case
from contract.exchange import Told
from contract.ids import uuid7
from contract.rating import Level, Rating, SignedRating
from contract.wire import canonical
from tests.server.desk import Desk


def rating_of(desk: Desk, case: Case, level: Level = Level.SATISFIED, **changes: Any) -> Rating:
    now = datetime.now(UTC)
    said: dict[str, Any] = {
        "id": uuid7(int(now.timestamp() * 1000), secrets.token_bytes(10)),
        "case_id": case.id,
        "visit": case.last_action,
        "level": level,
        "means": "screen",
        "station": desk.id,
        "made_at": now,
        "server_offset_ms": 0,
    }
    return Rating(**said | changes)


def hand_in(desk: Desk, rating: Rating, **changes: str) -> Told:
    text = canonical(rating)
    signed = SignedRating(**{"rating": text, "signature": desk.sign(text), **changes})
    status, _, body = desk.call("POST", "/api/v1/ratings", signed.model_dump_json().encode())
    assert status == 200, body
    return Told.model_validate_json(body)
