"""Pages on their way to the server: one batch of a case at a time, gone on with after a cut, never begun twice.

The offset is the server's alone; the whole digest decides. What went over is only believed when the server's next
word no longer wants it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from app.store import Store, Upload
from app.sync.batch import Batch, BatchStream, Interrupted, next_batch
from app.sync.line import TROUBLE, Line
from contract.problem import Problem

FORGOTTEN = ("upload.not_found", "upload.expired", "wire.not_found")
PASSING = (
    *TROUBLE,
    "server.busy",
    "server.failed",
    "server.fault",
    "upload.too_many",
    "upload.superseded",
    "upload.offset_differs",
    "upload.cut",
)
"""What says nothing about these pages: the line, or the server, is to be tried again later."""


@dataclass(frozen=True)
class Sent:
    """What one call brought over. `more` where another batch could follow at once."""

    case_id: str
    bytes: int
    more: bool


def send_one_batch(
    store: Store,
    line: Line,
    *,
    interrupted: Callable[[], bool] = lambda: False,
    bytes_per_second: int = 0,
    pause: Callable[[float], object] | None = None,
) -> Sent | None:
    """Send the next batch of pages that the server wants from here; None where there is none to send now.

    Args:
        store: The station's store; whoever calls holds its sync lock.
        line: The line to the server.
        interrupted: Asked all the time; what arrived before stays with the server.
        bytes_per_second: Bound on bandwidth; 0 is none.
        pause: How to wait where there is a bound.

    Raises:
        Problem: whatever the line raises. What is wrong with the pages of one case is written beside that case, and
            the others go on.
    """
    for case_id, pages in store.wanted_pages(due_only=True).items():
        try:
            count = _send(store, line, case_id, pages, interrupted, bytes_per_second, pause)
        except Interrupted:
            return Sent(case_id, 0, more=True)
        except Problem as problem:
            if problem.code in PASSING or problem.code.startswith(("session.", "station.")):
                raise
            store.end_upload(case_id, pages, problem)
            continue
        return Sent(case_id, count, more=bool(store.wanted_pages(due_only=True)))
    return None


def _send(
    store: Store,
    line: Line,
    case_id: str,
    pages: tuple[str, ...],
    interrupted: Callable[[], bool],
    bytes_per_second: int,
    pause: Callable[[float], object] | None,
) -> int:
    upload = _begun(store, line, case_id, pages)
    if upload is None:
        upload = _new(store, line, case_id, pages)
    begun = upload
    batch = Batch(store, upload.pages)

    def on_way(sent: int) -> None:
        """A hint for the screen; after a cut the server says where it really stands."""
        store.keep_upload(replace(begun, offset=begun.offset + sent))

    stream = BatchStream(
        batch,
        upload.offset,
        interrupted=interrupted,
        on_way=on_way,
        bytes_per_second=bytes_per_second,
        **({"pause": pause} if pause else {}),
    )
    offset = upload.offset
    if offset < upload.size:
        offset = line.send_upload(upload.url, upload.offset, stream)
        store.keep_upload(replace(upload, offset=offset))
    if offset >= upload.size:
        store.end_upload(case_id, upload.pages)
    return stream.sent


def _begun(store: Store, line: Line, case_id: str, pages: tuple[str, ...]) -> Upload | None:
    """The upload that was cut, with the offset that the server really has; None where a new one is to be made."""
    upload = store.find_upload(case_id)
    if upload is None or not set(upload.pages) & set(pages):
        return None
    if not all(store.has_page(digest) for digest in upload.pages):
        return None
    try:
        offset = line.find_upload_offset(upload.url)
    except Problem as problem:
        if problem.code not in FORGOTTEN:
            raise
        offset = None
    if offset is None or offset > upload.size:
        return None
    upload = replace(upload, offset=offset)
    store.keep_upload(upload)
    return upload


def _new(store: Store, line: Line, case_id: str, pages: tuple[str, ...]) -> Upload:
    batch = next_batch(store, pages)
    digest = batch.digest()
    place = line.create_upload(case_id, batch.size, digest)
    upload = Upload(case_id, place, batch.pages, batch.size, digest, 0)
    store.keep_upload(upload)
    return upload
