"""Pages on their way to the server: one batch of a case at a time, gone on with after a cut, never begun twice.

The offset is the server's alone; the whole digest decides. What went over is only believed when the server's next
word no longer wants it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.store import Store, Upload
from app.sync.batch import Batch, BatchStream, Interrupted, next_batch
from app.sync.line import TROUBLE, Line
from contract.problem import Problem

AGAIN_AFTER = timedelta(seconds=5)  # for the server to say that it has what was sent; longer each time
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
    clock: Callable[[], datetime],
    *,
    interrupted: Callable[[], bool] = lambda: False,
    bytes_per_second: int = 0,
    pause: Callable[[float], object] | None = None,
) -> Sent | None:
    """Send the next batch of pages that the server wants from here; None where there is none to send now.

    Args:
        store: The station's store; whoever calls holds its sync lock.
        line: The line to the server.
        clock: The station's clock.
        interrupted: Asked all the time; what arrived before stays with the server.
        bytes_per_second: Bound on bandwidth; 0 is none.
        pause: How to wait where there is a bound.

    Raises:
        Problem: whatever the line raises. What is wrong with the pages of one case is written beside that case, and
            the others go on.
    """
    wanted = {case: pages for case, pages in store.wanted_pages().items() if _may_go(store, case, clock())}
    for place, (case_id, pages) in enumerate(wanted.items()):
        try:
            count = _send(store, line, clock, case_id, pages, interrupted, bytes_per_second, pause)
        except Interrupted:
            return Sent(case_id, 0, more=True)
        except Problem as problem:
            if problem.code in PASSING or problem.code.startswith(("session.", "station.")):
                raise
            upload = store.find_upload(case_id) or Upload(case_id, "", pages, 0, "", 0, 0, None, None)
            store.keep_upload(replace(upload, problem=problem, url="", ended_at=clock(), tries=upload.tries + 1))
            continue
        return Sent(case_id, count, more=place + 1 < len(wanted) or len(store.wanted_pages().get(case_id, ())) > 0)
    return None


def _may_go(store: Store, case_id: str, now: datetime) -> bool:
    """Whether it is time: what ended is not begun again before the server had time to say that it has it."""
    upload = store.find_upload(case_id)
    if upload is None or upload.ended_at is None:
        return True
    pause = AGAIN_AFTER * 2 ** min(upload.tries - 1, 8)
    return not timedelta() <= now - upload.ended_at < pause


def _send(
    store: Store,
    line: Line,
    clock: Callable[[], datetime],
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
        ended = replace(upload, offset=offset, url="", problem=None, ended_at=clock(), tries=upload.tries + 1)
        store.keep_upload(ended)
    return stream.sent


def _begun(store: Store, line: Line, case_id: str, pages: tuple[str, ...]) -> Upload | None:
    """The upload that was cut, with the offset that the server really has; None where a new one is to be made."""
    upload = store.find_upload(case_id)
    if upload is None or not upload.url or not set(upload.pages) & set(pages):
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
    upload = replace(upload, offset=offset, problem=None, ended_at=None)
    store.keep_upload(upload)
    return upload


def _new(store: Store, line: Line, case_id: str, pages: tuple[str, ...]) -> Upload:
    batch = next_batch(store, pages)
    digest = batch.digest()
    before = store.find_upload(case_id)
    place = line.create_upload(case_id, batch.size, digest)
    tries = before.tries if before is not None else 0
    upload = Upload(case_id, place, batch.pages, batch.size, digest, 0, tries, None, None)
    store.keep_upload(upload)
    return upload
