"""The pack comes: a signed manifest, then the parts that it names, each kept as far as it came.

A day's changes come with the manifest itself. A larger part that a cut left half here goes on where it stopped, also
after a restart. Nothing is used before the manifest's signature and the part's digest have been checked, and nothing
is put in force by halves.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import zstandard

from app.store import Store
from app.sync.line import Line
from contract.pack import BEGINNING, PackPart, SignedManifest
from contract.problem import Problem, Retry

PIECE = 1 << 20  # bytes after which what came is kept, cut or not
PATIENCE = 15.0  # seconds of one round that a pack may take before the acts have their turn again


@dataclass(frozen=True)
class Fetched:
    """What became of it: whether a newer pack is in force now, whether there is more of it to fetch, and its bytes."""

    newer: bool
    more: bool = False
    bytes: int = 0


def fetch_pack(
    store: Store, line: Line, *, patience: float | None = PATIENCE, clock: Callable[[], float] = time.monotonic
) -> Fetched:
    """Fetch what is newer than the pack in force, and put it in force.

    Args:
        store: The station's store.
        line: The line to the server.
        patience: Seconds after which the rest is left for the next time; None for as long as it takes.
        clock: Counts those seconds.

    Raises:
        Problem: ``pack.forged``, ``pack.foreign``, ``pack.older``, ``pack.unreadable``, ``pack.damaged``; the old pack
            stays in force then; the line's.
    """
    head = store.packs.find()
    have = head.version if head else ""
    try:
        return _follow(store, line, line.pack_manifest(have), patience, clock)
    except Problem as problem:
        if not have or problem.code not in ("pack.out_of_step", "pack.unreadable"):
            raise
    return _follow(store, line, line.pack_manifest(), patience, clock)  # changes did not fit: all of it, then


def _follow(
    store: Store, line: Line, signed: SignedManifest, patience: float | None, clock: Callable[[], float]
) -> Fetched:
    manifest = store.packs.require_fitting(signed)
    store.packs.forget_parts(but=[part.digest for part in manifest.parts])
    until = None if patience is None else clock() + patience
    arrived, came = [], 0
    for part in manifest.parts:
        data = _inline(signed, part) or store.packs.part_so_far(part.digest)
        while len(data) < part.size:
            more = _next_piece(store, line, part, len(data), until, clock)
            data, came = data + more, came + len(more)
            if len(data) < part.size and until is not None and clock() > until:
                return Fetched(newer=False, more=True, bytes=came)
        arrived.append(_opened(store, part, data))
    if manifest.parts:
        store.packs.keep_parts(signed, arrived)
    return Fetched(newer=bool(manifest.parts), bytes=came + len(signed.model_dump_json()))


def _next_piece(
    store: Store, line: Line, part: PackPart, first: int, until: float | None, clock: Callable[[], float]
) -> bytes:
    """More of a part, until it is whole or time is up; kept, however much it is, also before a cut is raised."""
    came = bytearray()
    try:
        with closing(line.pack_part(part.digest, first)) as blocks:
            for block in blocks:
                came += block
                if len(came) >= PIECE or first + len(came) >= part.size or (until is not None and clock() > until):
                    break
    finally:
        if came:
            store.packs.add_to_part(part.digest, first, bytes(came[: part.size - first]))
    if not came:
        raise Problem("pack.damaged", Retry.AGAIN)
    return bytes(came[: part.size - first])


def _inline(signed: SignedManifest, part: PackPart) -> bytes:
    try:
        return base64.b64decode(signed.inline.get(part.digest, ""), validate=True)
    except binascii.Error:
        return b""


def _opened(store: Store, part: PackPart, data: bytes) -> bytes:
    """What a part says, once it is what was signed."""
    try:
        if hashlib.sha256(data).hexdigest() != part.digest or zstandard.frame_content_size(data) != part.plain:
            raise ValueError("not what was signed")
        words = (
            zstandard.ZstdCompressionDict(BEGINNING, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
            if part.kind == "changes"
            else None
        )
        return zstandard.ZstdDecompressor(dict_data=words).decompress(data)
    except (ValueError, zstandard.ZstdError):
        store.packs.forget_parts()
        raise Problem("pack.damaged", Retry.AGAIN) from None
