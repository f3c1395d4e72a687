"""What this station is to its server, and the key by which the server knows it."""

from __future__ import annotations

import json

import apsw

from app.store import meta, signing
from app.store.rows import Station
from app.store.tables import Tables
from contract.exchange import EnrolAnswer
from contract.problem import Problem, Retry


class OurStation:
    """The station that the store is of."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def find(self) -> Station | None:
        """What the server said this station is; None where it has not joined."""
        with self._tables.reading() as db:
            return read(db)

    def get(self) -> Station:
        """As `find`. Raises Problem ``station.not_joined``."""
        found = self.find()
        if found is None:
            raise Problem("station.not_joined", Retry.AFTER_FIX)
        return found

    def public_key(self) -> str:
        """The public half (base64) of the station's key, which is made at the first asking and kept for good."""
        with self._tables.writing() as (db, _):
            private = meta.find(db, "private_key")
            if private is None:
                private = signing.new_private_key()
                meta.keep(db, "private_key", private)
        return signing.public_half(private)

    def sign(self, text: str) -> str:
        """The station's signature (base64) over a text. Raises Problem ``station.not_joined`` before it has a key."""
        with self._tables.reading() as db:
            private = meta.find(db, "private_key")
        if private is None:
            raise Problem("station.not_joined", Retry.AFTER_FIX)
        return signing.signed(private, text)


def read(db: apsw.Connection) -> Station | None:
    text = meta.find(db, "station")
    return None if text is None else Station(**json.loads(text))


def keep(db: apsw.Connection, server_url: str, answer: EnrolAnswer) -> None:
    """Keep what the server said this station is."""
    named = {
        "id": answer.station,
        "node": answer.node,
        "name": answer.name,
        "server_url": server_url,
        "server_public_key": answer.server_public_key,
    }
    meta.keep(db, "station", json.dumps(named, ensure_ascii=False).encode())


def joined_key(db: apsw.Connection) -> bytes:
    """The private key of a station that has joined. Raises Problem ``station.not_joined``."""
    private = meta.find(db, "private_key")
    if private is None or meta.find(db, "station") is None:
        raise Problem("station.not_joined", Retry.AFTER_FIX)
    return private
