"""Stations: how one joins, proves who it is, and is shut out again.

A station signs with the Ed25519 key that it made; the server keeps the public half. The code, the bearer token and
each signed ask are good once.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from datetime import datetime, timedelta
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.utils import timezone

from contract.exchange import ED25519, EnrolAnswer, EnrolAsk, SessionAnswer, SessionAsk
from contract.problem import Problem, Retry
from server.catalogue.packs import pack_for
from server.exchange.numbers import blocks_of, give_block
from server.keys import get_keys
from server.org.models import EnrolCode, Node, NumberBlock, Station, StationSession, touch
from server.org.tree import edition, get_tree

CODE_GOOD_FOR = timedelta(hours=72)
SESSION_GOOD_FOR = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=10)  # how exactly it is known when a station was last heard
SKEW = timedelta(days=2)  # a village PC's clock may be far off, and must learn the time from us
CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # read aloud over the telephone: no 0/O, 1/I


def make_code(node: str, window: str, good_for: timedelta = CODE_GOOD_FOR, replaces: str = "") -> str:
    """A one-time enrolment code for a window of a node, as ``ABCD-EFGH-JKLM``. Shown once, kept as a hash.

    Args:
        node: Its node.
        window: What the window is called.
        good_for: How long.
        replaces: Id of the station that is shut out, its numbers retired, when one joins with this code.

    Raises:
        Problem: ``node.unknown``, ``station.unknown``.
    """
    if not Node.objects.filter(code=node).exists():
        raise Problem("node.unknown", Retry.AFTER_FIX, node=node)
    if replaces and not Station.objects.filter(id=replaces).exists():
        raise Problem("station.unknown", Retry.AFTER_FIX)
    letters = "".join(secrets.choice(CODE_ALPHABET) for _ in range(12))
    code = "-".join(letters[start : start + 4] for start in (0, 4, 8))
    EnrolCode.objects.create(
        fingerprint=_code_fingerprint(code),
        node=node,
        window=window,
        expires_at=timezone.now() + good_for,
        replaces=replaces,
    )
    return code


def arm_code(code: str, node: str, window: str) -> None:
    """A code that is known beforehand, good once from now on: for training halls only."""
    with transaction.atomic():
        EnrolCode.objects.filter(fingerprint=_code_fingerprint(code)).delete()
        EnrolCode.objects.create(
            fingerprint=_code_fingerprint(code),
            node=node,
            window=window,
            expires_at=timezone.now() + timedelta(days=3650),
        )


def enrol(ask: EnrolAsk) -> EnrolAnswer:
    """A station joins. Asked again with the same code and the same key (the answer was lost) it hears the same.

    Raises:
        Problem: ``enrol.code_unknown``, ``enrol.code_used``, ``enrol.code_expired``, ``enrol.key_malformed``.
    """
    _public_key(ask.algorithm, ask.public_key)
    with transaction.atomic():
        code = EnrolCode.objects.select_for_update().filter(fingerprint=_code_fingerprint(ask.code)).first()
        if code is None:
            raise Problem("enrol.code_unknown", Retry.AFTER_FIX)
        if code.station_id is not None:
            station = Station.objects.get(id=code.station_id)
            if station.public_key != ask.public_key or station.revoked_at:
                raise Problem("enrol.code_used", Retry.AFTER_FIX)
        else:
            if code.expires_at < timezone.now():
                raise Problem("enrol.code_expired", Retry.AFTER_FIX)
            station = Station.objects.create(
                node=code.node,
                name=code.window,
                algorithm=ask.algorithm,
                public_key=ask.public_key,
                facts=_kept(ask.facts),
            )
            code.station = station
            code.save(update_fields=["station"])
            if code.replaces:
                revoke_station(Station.objects.get(id=code.replaces))
            give_block(station, get_tree().county(station.node))
    return EnrolAnswer(
        station=station.id,
        node=station.node,
        name=station.name,
        server_public_key=get_keys().public,
        pack=None if ask.in_parts else pack_for(station.node).signed(),
        blocks=blocks_of(station),
    )


def _kept(facts: dict[str, str]) -> dict[str, str]:
    """As much of what a station says about itself as is worth a row."""
    return {_printable(name)[:40]: _printable(value)[:200] for name, value in list(facts.items())[:20]}


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())


def open_session(ask: SessionAsk) -> SessionAnswer:
    """A bearer token for a station that signs ``SessionAsk.text``.

    Raises:
        Problem: ``session.refused``, ``session.clock_wrong``, ``session.replayed``, ``station.revoked``.
    """
    station = Station.objects.filter(id=ask.station).first()
    if station is None or ask.at.tzinfo is None:
        raise Problem("session.refused", Retry.AFTER_FIX)
    require_signature(station, SessionAsk.text(ask.station, ask.at), ask.signature, "session.refused")
    if station.revoked_at is not None:
        raise Problem("station.revoked", Retry.NEVER)
    now = timezone.now()
    if abs(now - ask.at) > SKEW:
        raise Problem("session.clock_wrong", Retry.AFTER_FIX, server_time=now.isoformat(timespec="seconds"))
    token = secrets.token_urlsafe(32)
    expires_at = now + SESSION_GOOD_FOR
    try:
        with transaction.atomic():
            StationSession.objects.create(
                station=station, fingerprint=_token_fingerprint(token), asked_at=ask.at, expires_at=expires_at
            )
            Station.objects.filter(id=station.id).update(seen_at=now)
    except IntegrityError:
        raise Problem("session.replayed", Retry.AGAIN) from None
    return SessionAnswer(token=token, expires_at=expires_at)


def station_of(token: str) -> Station:
    """The station that a bearer token was given to.

    Raises:
        Problem: ``session.needed``, ``station.revoked``.
    """
    session = _session(edition(), _token_fingerprint(token))
    if session.expires_at <= timezone.now():
        raise Problem("session.needed", Retry.AGAIN)
    if session.station.revoked_at is not None:
        raise Problem("station.revoked", Retry.NEVER)
    return session.station


@lru_cache(maxsize=8192)
def _session(edition: str, fingerprint: str) -> StationSession:
    """Kept while nobody is shut out: a station asks for many things with one token."""
    session = StationSession.objects.select_related("station").filter(fingerprint=fingerprint).first()
    if session is None:
        raise Problem("session.needed", Retry.AGAIN)
    return session


def note_seen(station: Station) -> None:
    """The station was heard now. Not written down at every round: thousands of them talk twice a minute."""
    now = timezone.now()
    if station.seen_at is None or now - station.seen_at >= SEEN_EVERY:
        Station.objects.filter(id=station.id).update(seen_at=now)
        station.seen_at = now


def revoke_station(station: Station) -> None:
    """Shut a lost station out and retire its numbers."""
    now = timezone.now()
    with transaction.atomic():
        touch()
        Station.objects.filter(id=station.id).update(revoked_at=now)
        NumberBlock.objects.filter(station=station, retired_at=None).update(retired_at=now)


def forget_old_sessions(now: datetime) -> None:
    """Drop expired tokens once their signed ask could not be used again either, and people's ended sessions."""
    with transaction.atomic():
        Session.objects.filter(expire_date__lt=now).delete()
        StationSession.objects.filter(expires_at__lt=now, asked_at__lt=now - 2 * SKEW).delete()


def require_signature(station: Station, text: str, signature: str, code: str) -> None:
    """That the station's key signed the text, or a Problem of the code given."""
    try:
        _public_key(station.algorithm, station.public_key).verify(
            base64.b64decode(signature, validate=True), text.encode()
        )
    except (InvalidSignature, binascii.Error, ValueError):
        raise Problem(code, Retry.NEVER) from None


def _public_key(algorithm: str, public_key: str) -> Ed25519PublicKey:
    try:
        if algorithm != ED25519:
            raise ValueError(algorithm)
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
    except (binascii.Error, ValueError):
        raise Problem("enrol.key_malformed", Retry.NEVER) from None


def _code_fingerprint(code: str) -> str:
    return get_keys().fingerprint("code", code.strip().upper().replace("-", "").replace(" ", ""))


def _token_fingerprint(token: str) -> str:
    return get_keys().fingerprint("session", token)
