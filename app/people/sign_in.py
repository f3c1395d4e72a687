"""Clerks sign in: with the server where there is one, else against what it confirmed lately.

After the server said yes, a scrypt verifier of the password is kept in the encrypted store, good for as many hours as
the pack says (72). The server's no is final: it is never overruled by an older yes. A clerk that the server reports as
revoked is cleared at the next round.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from app.store import Store, Verifier
from app.sync.courier import Courier
from app.sync.failures import TROUBLE
from contract.case import Author
from contract.person import Clerk, Role
from contract.problem import Problem, Retry

COST = 1 << 15  # scrypt's N with r=8, p=1: 32 MiB, about 0.1 s on a counter PC
SALT = 16
AWAY = (*TROUBLE, "server.busy", "server.failed", "server.fault")
"""The server did not say no: it was not there, or not well."""
QUICK = 3.0  # seconds that the server gets for each answer where this station can tell by itself who stands here
CLOCK_SLACK = timedelta(minutes=5)  # a clock set back further than this does not lengthen an offline sign-in


class Tray(Protocol):
    """What of the desk is needed here."""

    @property
    def store(self) -> Store: ...

    @property
    def courier(self) -> Courier: ...

    @property
    def clock(self) -> Callable[[], datetime]: ...


@dataclass(frozen=True)
class SignedIn:
    """Who signed in. `offline_until` is until when this works without the server."""

    clerk: Clerk
    offline: bool
    offline_until: datetime | None


def sign_in(desk: Tray, username: str, password: str, code: str = "") -> SignedIn:
    """Check who stands at the desk.

    Whoever signed in here lately is not kept waiting by a line that says nothing: after a few seconds the station
    decides by what it remembers, as it does without a line (U12).

    Args:
        desk: The desk.
        username: The account's name, in any case, blanks around it ignored.
        password: As typed.
        code: Of the second factor, where the account has one.

    Raises:
        Problem: ``signin.wrong``, ``signin.code_needed``, ``signin.code_wrong``, ``signin.too_often``,
            ``signin.revoked``, ``signin.not_at_a_window``; without the server ``signin.never_here``,
            ``signin.offline_expired``.
    """
    name = username.strip().casefold()
    if not name or not password:
        raise Problem("signin.wrong", Retry.AFTER_FIX)
    try:
        clerk = desk.courier.line.sign_in(name, password, code, patience=QUICK if _knows(desk, name) else None)
    except Problem as problem:
        if problem.code in AWAY:
            return _offline(desk, name, password)
        if problem.code == "signin.revoked":
            _forget(desk.store, name)
        raise
    if not {Role.CLERK, Role.SUPERVISOR} & set(clerk.roles):
        raise Problem("signin.not_at_a_window", Retry.NEVER)
    now = desk.clock()
    pack = desk.store.packs.find()
    until = now + timedelta(hours=pack.offline_hours if pack else 0)
    desk.store.verifiers.keep(made(name, password, clerk, now, until))
    return SignedIn(clerk, offline=False, offline_until=until)


def made(username: str, password: str, clerk: Clerk, now: datetime, until: datetime) -> Verifier:
    """A verifier that only this password opens."""
    salt = secrets.token_bytes(SALT)
    return Verifier(
        username=username,
        clerk=clerk.model_dump_json(),
        clerk_id=clerk.id,
        salt=salt,
        cost=COST,
        hash=_scrypt(password, salt, COST),
        verified_at=now,
        good_until=until,
        revoked=False,
    )


def _scrypt(password: str, salt: bytes, cost: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=cost, r=8, p=1, maxmem=256 * cost * 8, dklen=32)


def _offline(desk: Tray, name: str, password: str) -> SignedIn:
    kept = desk.store.verifiers.find(name)
    if kept is None:
        raise Problem("signin.never_here", Retry.AFTER_FIX)
    if kept.revoked:
        raise Problem("signin.revoked", Retry.AFTER_FIX)
    if not hmac.compare_digest(_scrypt(password, kept.salt, kept.cost), kept.hash):
        raise Problem("signin.wrong", Retry.AFTER_FIX)
    if not _in_force(kept, desk.clock()):
        raise Problem("signin.offline_expired", Retry.AFTER_FIX)
    return SignedIn(Clerk.model_validate_json(kept.clerk), offline=True, offline_until=kept.good_until)


def supervisor(desk: Tray, username: str, password: str, code: str = "") -> SignedIn:
    """Check that a supervisor (主管) stands by what a clerk is about to do, with their own name and password.

    Nobody is signed out: the clerk stays the author of the act. A supervisor who works at a window is their own.

    Raises:
        Problem: as `sign_in`; ``supervisor.not_one`` where the account is right and is no supervisor's.
    """
    found = sign_in(desk, username, password, code)
    if Role.SUPERVISOR not in found.clerk.roles:
        raise Problem("supervisor.not_one", Retry.AFTER_FIX)
    return found


def _knows(desk: Tray, name: str) -> bool:
    """Whether this station could let them in without the server."""
    kept = desk.store.verifiers.find(name)
    return kept is not None and not kept.revoked and _in_force(kept, desk.clock())


def _in_force(kept: Verifier, now: datetime) -> bool:
    return kept.verified_at - CLOCK_SLACK <= now < kept.good_until


def _forget(store: Store, name: str) -> None:
    kept = store.verifiers.find(name)
    if kept is not None:
        store.verifiers.revoke(kept.clerk_id)


def unlock(desk: Tray, clerk: Clerk, password: str) -> SignedIn:
    """Check the password of the clerk who is signed in and whose screen locked itself; the server is not asked.

    Raises:
        Problem: ``signin.wrong``, ``signin.revoked``, ``signin.offline_expired``: now the server has to say yes again.
    """
    mine = [kept for kept in desk.store.verifiers.all() if kept.clerk_id == clerk.id]
    if not mine or mine[0].revoked:
        raise Problem("signin.revoked", Retry.AFTER_FIX)
    if not hmac.compare_digest(_scrypt(password, mine[0].salt, mine[0].cost), mine[0].hash):
        raise Problem("signin.wrong", Retry.AFTER_FIX)
    if not _in_force(mine[0], desk.clock()):
        raise Problem("signin.offline_expired", Retry.AFTER_FIX)
    return SignedIn(clerk, offline=not desk.courier.state.online, offline_until=mine[0].good_until)


def seen_here(desk: Tray) -> tuple[tuple[str, Clerk], ...]:
    """Account names and clerks who signed in here and may still do so, last first."""
    return tuple(
        (kept.username, Clerk.model_validate_json(kept.clerk))
        for kept in desk.store.verifiers.all()
        if not kept.revoked
    )


def as_author(clerk: Clerk) -> Author:
    """The clerk as the author of acts at this window: as supervisor where they are one, else as clerk.

    Raises:
        Problem: ``signin.not_at_a_window`` where they are neither.
    """
    for role in (Role.SUPERVISOR, Role.CLERK):
        if role in clerk.roles:
            return Author(id=clerk.id, name=clerk.name, role=role, node=clerk.node, department=clerk.department)
    raise Problem("signin.not_at_a_window", Retry.NEVER)
