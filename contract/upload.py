"""Resumable upload (tus 1.0.0) as both ends use it, and the page batch: one upload for a case's pages."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from contract.problem import Problem, Retry
from contract.wire import sha256

TUS = "1.0.0"
BATCH_TYPE = "application/vnd.tongban.page-batch"
MAX_BATCH = 512 << 20  # bytes
MAX_PAGE = 64 << 20
MAX_PAGES = 2000
MAX_COPY = 128 << 10  # bytes of a working copy (工作副本): a small picture that goes first where the line is bad
STANDS_FOR = "stands_for"  # the metadata of such an upload name the digest of the page that it stands for
_MAGIC = b"TBPB1\n"


def batch_header(pages: Iterable[tuple[str, int]]) -> bytes:
    """The head of a batch: magic, length of the list, JSON list of [digest, size]. The pages' bytes follow it."""
    listed = json.dumps([list(page) for page in pages], separators=(",", ":")).encode()
    return _MAGIC + struct.pack(">I", len(listed)) + listed


def read_batch(stream: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """The pages of a batch, one by one, each checked against its digest.

    Raises:
        Problem: ``upload.garbled`` where the batch is not what it says it is.
    """
    if stream.read(len(_MAGIC)) != _MAGIC:
        raise Problem("upload.garbled", Retry.NEVER)
    (length,) = struct.unpack(">I", stream.read(4).rjust(4, b"\xff"))
    if length > 128 * MAX_PAGES:
        raise Problem("upload.garbled", Retry.NEVER)
    try:
        listed = [(str(digest), int(size)) for digest, size in json.loads(stream.read(length))]
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise Problem("upload.garbled", Retry.NEVER) from None
    if len(listed) > MAX_PAGES or sum(size for _, size in listed) > MAX_BATCH:
        raise Problem("upload.garbled", Retry.NEVER)
    for digest, size in listed:
        if not 0 < size <= MAX_PAGE:
            raise Problem("upload.garbled", Retry.NEVER)
        data = stream.read(size)
        if len(data) != size or sha256(data) != digest:
            raise Problem("upload.garbled", Retry.NEVER)
        yield digest, data
    if stream.read(1):
        raise Problem("upload.garbled", Retry.NEVER)
